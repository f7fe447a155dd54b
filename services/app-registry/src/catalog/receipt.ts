/** What is kept with a client's idempotency key: what its first request was, and what came of it. */
import { z } from "zod";

const receiptSchema = z.object({
  /** Of the attempt that was first: who finds another knows that it was not. */
  nonce: z.string(),
  requestDigest: z.string(),
  result: z.unknown(),
});
export type Receipt = z.infer<typeof receiptSchema>;

export function formatReceipt(receipt: Receipt): string {
  return JSON.stringify({ ...receipt, result: receipt.result ?? null });
}

/** Null where it is of a form that this build does not know. */
export function parseReceipt(text: string): Receipt | null {
  try {
    return receiptSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** What a build child reports is data: hostile code runs beside whoever writes it. */
import { z } from "zod";
import { type ChildReport, MAX_REPORTED_CHARS } from "./child-messages.ts";

const text = z.string();
const millis = z.number().nonnegative();
const count = z.number().int().nonnegative();

const initSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("done"), initMs: millis }),
  z.object({ type: z.literal("threw"), name: text, message: text, stack: text }),
  z.object({ type: z.literal("fetched"), url: text, stack: text }),
  z.object({ type: z.enum(["stalled", "timeout", "memory"]) }),
]);
const lineSchema = z.object({ level: text, text: text.max(MAX_REPORTED_CHARS) });
const noteSchema = z.object({ kind: z.enum(["random", "clock", "env", "fetch"]), what: text, stack: text });

const failureSchema = z.object({ request: text, name: text, message: text, stack: text });

const reportSchema: z.ZodType<ChildReport> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("begun") }),
  z.object({ type: z.literal("init"), outcome: initSchema, lines: z.array(lineSchema), notes: z.array(noteSchema) }),
  z.object({ type: z.literal("warmed"), failures: z.array(failureSchema) }),
  z.object({ type: z.literal("made") }),
  z.object({ type: z.literal("unmade"), cause: text, stack: text }),
  z.object({ type: z.literal("compiled"), snapshotBytes: count }),
  z.object({ type: z.literal("restored"), restoreMs: millis, contextMs: millis, contextBytes: count }),
  z.object({ type: z.literal("probed"), answer: text }),
  z.object({ type: z.literal("unprobed"), cause: text }),
]);

/** A child's report, or null where it is none. */
export function parseReport(header: unknown): ChildReport | null {
  const parsed = reportSchema.safeParse(header);
  return parsed.success ? parsed.data : null;
}

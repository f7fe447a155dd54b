/** Request bodies, read whole within a bound. */
import { isNanoError } from "@nano/protocol/errors";
import { parseJsonText } from "@nano/protocol/input-problems";
import type { z } from "zod";
import { errors } from "../errors.ts";
import { parseOrRefuse } from "./problems.ts";

/** @throws REGISTRY_BODY_TOO_LARGE as soon as that is known, REGISTRY_BODY_CUT_OFF */
export async function readBody(request: Request, limitBytes: number): Promise<Buffer> {
  if (Number(request.headers.get("content-length") ?? 0) > limitBytes) throw errors.BODY_TOO_LARGE({ limitBytes });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (request.body !== null) {
    try {
      for await (const chunk of request.body) {
        bytes += chunk.byteLength;
        if (bytes > limitBytes) throw errors.BODY_TOO_LARGE({ limitBytes });
        chunks.push(chunk);
      }
    } catch (error) {
      throw isNanoError(error) ? error : errors.BODY_CUT_OFF({ bytes }, error);
    }
  }
  return Buffer.concat(chunks, bytes);
}

/** A body that says that it is JSON, as it came. @throws REGISTRY_BODY_TOO_LARGE, REGISTRY_BODY_CUT_OFF, REGISTRY_BAD_REQUEST */
export async function readJsonText(request: Request, limitBytes: number): Promise<string> {
  const type = request.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/json") {
    const problem = { where: "content-type", got: type === "" ? "nothing" : type, expected: "application/json" };
    throw errors.BAD_REQUEST({ problems: [problem] });
  }
  return (await readBody(request, limitBytes)).toString("utf8");
}

export interface JsonBodyOptions<T> {
  readonly schema: z.ZodType<T>;
  /** What is wrong with it is told without what it holds. */
  readonly isPrivate?: boolean;
}

/** @throws REGISTRY_BAD_REQUEST */
export function parseJsonBody<T>(text: string, { schema, isPrivate = false }: JsonBodyOptions<T>): T {
  const parsed = parseJsonText(text);
  if ("problem" in parsed) {
    const { found: got, expected } = parsed.problem;
    throw errors.BAD_REQUEST({ problems: [{ where: "body", got, expected }] });
  }
  return parseOrRefuse(schema, parsed.value, { isPrivate });
}

/** @throws REGISTRY_BODY_TOO_LARGE, REGISTRY_BODY_CUT_OFF, REGISTRY_BAD_REQUEST */
export async function readJson<T>(
  request: Request,
  options: JsonBodyOptions<T> & { readonly limitBytes: number },
): Promise<T> {
  return parseJsonBody(await readJsonText(request, options.limitBytes), options);
}

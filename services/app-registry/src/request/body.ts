/** Request bodies, read whole within a bound. */
import { parseJsonText } from "@nano/protocol/input-problems";
import type { z } from "zod";
import { errors } from "../errors.ts";
import { parseOrRefuse } from "./problems.ts";

/** @throws REGISTRY_BODY_TOO_LARGE as soon as that is known */
export async function readBody(request: Request, limitBytes: number): Promise<Buffer> {
  if (Number(request.headers.get("content-length") ?? 0) > limitBytes) throw errors.BODY_TOO_LARGE({ limitBytes });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (request.body !== null) {
    for await (const chunk of request.body) {
      bytes += chunk.byteLength;
      if (bytes > limitBytes) throw errors.BODY_TOO_LARGE({ limitBytes });
      chunks.push(chunk);
    }
  }
  return Buffer.concat(chunks, bytes);
}

/** @throws REGISTRY_BODY_TOO_LARGE, REGISTRY_BAD_REQUEST */
export async function readJson<T>(
  request: Request,
  options: { readonly schema: z.ZodType<T>; readonly limitBytes: number },
): Promise<T> {
  const type = request.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/json") {
    const problem = { where: "content-type", got: type === "" ? "nothing" : type, expected: "application/json" };
    throw errors.BAD_REQUEST({ problems: [problem] });
  }
  const text = (await readBody(request, options.limitBytes)).toString("utf8");
  const parsed = parseJsonText(text);
  if ("problem" in parsed) {
    const { found: got, expected } = parsed.problem;
    throw errors.BAD_REQUEST({ problems: [{ where: "body", got, expected }] });
  }
  return parseOrRefuse(options.schema, parsed.value);
}

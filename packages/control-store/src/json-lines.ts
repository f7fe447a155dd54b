/** JSON values over a byte stream, one per line. An empty line is a heartbeat. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { StringDecoder } from "node:string_decoder";
import { fromWireError, type WireError } from "@nano/protocol/errors";
import { errors } from "./errors.ts";

/** How often a stream that has nothing to say sends an empty line. */
export const HEARTBEAT_MS = 5000;
/** How long a reader takes silence before it calls the peer lost. */
export const MAX_SILENCE_MS = 3 * HEARTBEAT_MS;
/** Longest line that a reader buffers. */
export const MAX_LINE_CHARS = 64 * 1024 * 1024;

/** Last line of a stream that ended by an error. */
interface ErrorLine {
  readonly error: WireError;
}

function isErrorLine(value: unknown): value is ErrorLine {
  return typeof value === "object" && value !== null && "error" in value && !("type" in value);
}

/** Writes values as lines until they end or the reader leaves; waits for a reader that is slow. */
export async function writeJsonLines(
  res: ServerResponse,
  values: AsyncIterable<unknown>,
  toWire: (thrown: unknown) => WireError,
): Promise<void> {
  const heartbeat = setInterval(() => res.write("\n"), HEARTBEAT_MS);
  try {
    for await (const value of values) {
      if (res.destroyed) return;
      if (!res.write(`${JSON.stringify(value)}\n`)) await drained(res);
    }
  } catch (error) {
    const line: ErrorLine = { error: toWire(error) };
    if (!res.destroyed) res.write(`${JSON.stringify(line)}\n`);
  } finally {
    clearInterval(heartbeat);
    res.end();
  }
}

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off("drain", done);
      res.off("close", done);
      resolve();
    };
    res.on("drain", done);
    res.on("close", done);
  });
}

/**
 * Reads the lines of a response.
 *
 * @throws STORE_LOST where the peer is silent or gone; the error of an error line
 */
export async function* readJsonLines(res: IncomingMessage, what: string): AsyncIterable<unknown> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let silence = setTimeout(() => undefined, 0);
  const rearm = (): void => {
    clearTimeout(silence);
    silence = setTimeout(() => res.destroy(new Error(`silent for ${MAX_SILENCE_MS} ms`)), MAX_SILENCE_MS);
  };
  rearm();
  try {
    for await (const chunk of res) {
      rearm();
      const lines = (rest + decoder.write(chunk as Buffer)).split("\n");
      rest = lines.pop() as string;
      if (rest.length > MAX_LINE_CHARS) throw new Error(`line is longer than ${MAX_LINE_CHARS} characters`);
      for (const line of lines) {
        if (line === "") continue;
        const value: unknown = JSON.parse(line);
        if (isErrorLine(value)) throw fromWireError(value.error);
        yield value;
      }
    }
  } catch (error) {
    if (error instanceof Error && error.name === "NanoError") throw error;
    throw errors.LOST({ what, why: error instanceof Error ? error.message : String(error) }, error);
  } finally {
    clearTimeout(silence);
    res.destroy();
  }
}

/** Splits a child's output into lines, however it arrives. */
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** Longest line that is kept whole; the rest of a longer one is cut. */
export const MAX_LINE_CHARS = 256 * 1024;

/**
 * Calls `take` for each line. Reading waits for it, so a slow terminal slows the child and fills no memory.
 */
export async function splitLines(stream: Readable, take: (line: string) => Promise<void> | void): Promise<void> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let isCutting = false;
  for await (const chunk of stream) {
    const lines = (rest + decoder.write(chunk as Buffer)).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) {
      if (!isCutting) await take(line);
      isCutting = false;
    }
    if (rest.length > MAX_LINE_CHARS) {
      if (!isCutting) await take(`${rest.slice(0, MAX_LINE_CHARS)}…`);
      isCutting = true;
      rest = "";
    }
  }
  if (rest !== "" && !isCutting) await take(rest);
}

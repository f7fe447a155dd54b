import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { formatLogLine } from "../src/output/log-lines.ts";
import { MAX_LINE_CHARS, splitLines } from "../src/output/split-lines.ts";
import { Terminal } from "../src/output/terminal.ts";

function createTerminal(isTTY: boolean, env: Record<string, string> = {}): Terminal {
  return new Terminal({ stream: { isTTY, write: () => true, once: () => undefined }, env });
}

const plain = createTerminal(false);
const quiet = { service: "executor", isVerbose: false };

describe("a log line", () => {
  test("of an app has its name before each line of its text", () => {
    const line = JSON.stringify({ stream: "app", app: "hello", level: "info", text: "one\ntwo" });
    expect(formatLogLine(line, plain, quiet)).toEqual(["hello | one", "hello | two"]);
  });

  test("of an app ends with the request that it belongs to, whatever its level", () => {
    const line = { stream: "app", app: "hello", text: "one\ntwo", requestId: "r-1" };
    for (const level of ["log", "error"]) {
      expect(formatLogLine(JSON.stringify({ ...line, level }), plain, quiet)).toEqual([
        "hello | one (r-1)",
        "hello | two",
      ]);
    }
    expect(formatLogLine(JSON.stringify({ ...line, requestId: null }), plain, quiet)[0]).toBe("hello | one");
  });

  test("of an app cannot move the cursor, ring or forge another line", () => {
    const text = "\u001b[2Jx\u0007\rhello | y\u009b1m\u202e";
    const [line] = formatLogLine(JSON.stringify({ stream: "app", app: "a", level: "log", text }), plain, quiet);
    expect(line).toBe("a | \\x1b[2Jx\\x07hello | y\\x9b1m\\x202e");
  });

  test("of a service is shown from warnings on, in short", () => {
    const record = { level: "warn", time: "t", service: "router", msg: "link lost", worker: "w1" };
    expect(formatLogLine(JSON.stringify(record), plain, quiet)).toEqual(["warn router: link lost worker=w1"]);
    expect(formatLogLine(JSON.stringify({ ...record, level: "info" }), plain, quiet)).toEqual([]);
    const verbose = { ...quiet, isVerbose: true };
    expect(formatLogLine(JSON.stringify({ ...record, level: "info" }), plain, verbose)).toHaveLength(1);
  });

  test("of a refused address is one of the app's, and names what would allow it", () => {
    const fields = { app: "shop", host: "127.0.0.1", rule: "a loopback address", setting: "egress.allowedRanges" };
    const record = { level: "warn", service: "executor", msg: "an app may not fetch from this address", ...fields };
    expect(formatLogLine(JSON.stringify(record), plain, quiet)).toEqual([
      "shop | fetch from 127.0.0.1 was refused, its address is a loopback address: --egress-allow RANGE or server.egress_allowed_ranges of the config file allows it",
    ]);
  });

  test("of a service tells its error by code and message, on one line", () => {
    const err = { code: "KIT_ADDRESS_IN_USE", message: "Address is\nin use", stack: "…" };
    const line = JSON.stringify({ level: "error", service: "router", msg: "start failed", err });
    expect(formatLogLine(line, plain, quiet)).toEqual([
      "error router: start failed KIT_ADDRESS_IN_USE: Address is in use",
    ]);
  });

  test("that is no record is shown as it is, with its service", () => {
    expect(formatLogLine("Segmentation fault", plain, quiet)).toEqual(["executor: Segmentation fault"]);
    expect(formatLogLine('{"level":', plain, quiet)).toEqual(['executor: {"level":']);
    expect(formatLogLine("", plain, quiet)).toEqual([]);
  });

  test("has colours on a terminal alone, and none where NO_COLOR is set", () => {
    const line = JSON.stringify({ stream: "app", app: "hello", level: "error", text: "x" });
    expect(formatLogLine(line, createTerminal(true), quiet)[0]).toContain("\u001b[31mx\u001b[0m");
    expect(formatLogLine(line, createTerminal(true, { NO_COLOR: "1" }), quiet)).toEqual(["hello | x"]);
    expect(formatLogLine(line, plain, quiet)).toEqual(["hello | x"]);
  });
});

describe("output of a child", () => {
  async function linesOf(chunks: readonly (string | Buffer)[]): Promise<string[]> {
    const stream = new PassThrough();
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
    const lines: string[] = [];
    await splitLines(stream, (line) => {
      lines.push(line);
    });
    return lines;
  }

  test("is split into lines however it arrives, characters in two chunks too", async () => {
    const euro = Buffer.from("€");
    expect(await linesOf(["a\nb", "c\n", euro.subarray(0, 1), euro.subarray(1), "\nrest"])).toEqual([
      "a",
      "bc",
      "€",
      "rest",
    ]);
  });

  test("without a line end is cut and never held whole", async () => {
    const lines = await linesOf(["x".repeat(MAX_LINE_CHARS), "y", "z".repeat(10), "\nnext\n"]);
    expect(lines).toEqual([`${"x".repeat(MAX_LINE_CHARS)}…`, "next"]);
  });
});

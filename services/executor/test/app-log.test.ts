import type { AppName, VersionId } from "@nano/protocol/brands";
import { expect, test } from "vitest";
import { AppLog } from "../src/control/app-log.ts";

/** The text that a line of an app becomes. */
function logged(text: string, stack?: string): string {
  const written: string[] = [];
  const log = new AppLog({ sliverPath: () => undefined, write: (line) => written.push(line) });
  log.write({
    app: "a" as AppName,
    versionId: "v0123456789abcdef" as VersionId,
    requestId: null,
    level: "error",
    text,
    ...(stack === undefined ? {} : { stack }),
  });
  return JSON.parse(written[0] ?? "{}").text;
}

const THEIRS = "\n    at Object.fetch (app.js:5:3)";
const OURS = "\n    at bt (nano:web-api:5:11822)\n    at nano:web-api:1:2\n    at async u (nano:web-api:1:3995)";

test.each([
  ["text after a stack", `E: e${THEIRS}${OURS} Map(1) { 1 => 2 } after`, `E: e${THEIRS} Map(1) { 1 => 2 } after`],
  ["a stack within brackets", `{\n  e: E: e${THEIRS}${OURS},\n  z: 1\n}`, `{\n  e: E: e${THEIRS},\n  z: 1\n}`],
  [
    "stacks that are indented",
    `o${THEIRS}${OURS} {\n  [cause]: i\n      at f (app.js:1:1)\n      at g (nano:web-api:1:1)\n}`,
    `o${THEIRS} {\n  [cause]: i\n      at f (app.js:1:1)\n}`,
  ],
  ["a stack of the platform's frames alone", `E: e${OURS} end`, "E: e end"],
  [
    "code that was made at run time",
    `E: e${THEIRS}\n    at eval (eval at z (nano:web-api:5:1), <anonymous>:1:9)!`,
    `E: e${THEIRS}!`,
  ],
  [
    "a frame of the engine",
    `E: e\n    at new Promise (<anonymous>)${THEIRS}`,
    `E: e\n    at new Promise (<anonymous>)${THEIRS}`,
  ],
  ["a line that looks like a frame", "a\n at the end (app.js:1:1)\n at noon", "a\n at the end (app.js:1:1)\n at noon"],
])("of %s the platform's frames alone are left out", (_what, text, shown) => {
  expect(logged(text)).toBe(shown);
});

test.each([
  ["begins as the line does", "E: e", `E: e${THEIRS}${OURS}`, `E: e${THEIRS}`],
  ["says another name", "X: e", `E: e${THEIRS}${OURS}`, `X: e${THEIRS}`],
  ["goes on with a cause", "E: e", `E: e${THEIRS}${OURS} {\n  [cause]: 1\n}`, `E: e${THEIRS} {\n  [cause]: 1\n}`],
  ["has no frames", "E: e", "E: e {\n  code: 1\n}", "E: e {\n  code: 1\n}"],
  ["is empty", "E: e", "", "E: e"],
  [
    "was copied by isolated-vm",
    "E: e",
    `E: e\n    at f (/opt/host.js:1:1)\n    at (<isolated-vm boundary>)${THEIRS}\n    at (<isolated-vm boundary>)\n    at A.#enter (file:///host.ts:1:1)\n    at node:internal/main:1:1`,
    `E: e${THEIRS}`,
  ],
])("a stack that %s follows the line's text once", (_what, text, stack, shown) => {
  expect(logged(text, stack)).toBe(shown);
});

test("a text that is made to be slow to look at is not", () => {
  const text = `${"\n    at ".repeat(50)}${" (eval at ".repeat(1_500)}`;
  const startMs = performance.now();
  expect(logged(text)).toBe(text);
  expect(performance.now() - startMs).toBeLessThan(500);
});

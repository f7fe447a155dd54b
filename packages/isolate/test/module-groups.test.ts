/** The text of lazy modules that an app was not seen to touch is no part of its heap: the host has it. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { moduleGroup } from "../src/engine.ts";
import type { IsolateSource } from "../src/isolate.ts";
import { makeBareSnapshot, makeBytecode, makeSnapshot } from "../src/make-snapshot.ts";
import { runInit } from "../src/run-init.ts";
import { SnapshotBlob } from "../src/snapshot-blob.ts";
import { openIsolate } from "./isolate-harness.ts";

/** A text of the module that URLPattern is in, and of none that every app touches. */
const PATTERN_TEXT = "URLPattern: two groups";

function sourceOf(rung: IsolateSource["rung"], script: string): { source: IsolateSource; heap: Buffer } {
  if (rung === "source") return { source: { rung, script }, heap: Buffer.alloc(0) };
  const attachSecret = randomBytes(32).toString("hex");
  const own = (bytes: Uint8Array) => Uint8Array.from(bytes).buffer;
  if (rung === "bytecode") {
    const bare = makeBareSnapshot(attachSecret);
    const source = { rung, script, bytecode: own(makeBytecode(script, bare)), attachSecret } as const;
    return { source: { ...source, blob: new SnapshotBlob(own(bare)) }, heap: Buffer.from(bare) };
  }
  const { record, warmUp } = runInit({
    script,
    envJson: "{}",
    initTimeMs: 5_000,
    memoryBytes: 64 * 1024 * 1024,
    onLine: () => undefined,
    onOutcome: () => undefined,
  });
  const bytes = makeSnapshot({ script, attachSecret, init: record, warmUp });
  return { source: { rung, blob: new SnapshotBlob(own(bytes)), attachSecret }, heap: Buffer.from(bytes) };
}

/** Touches modules under `/late` alone, which no warm-up asks for. */
function lateApp(late: string, init = ""): string {
  return `__nano_app__(function () { ${init}
return { default: { async fetch(request) { return new Response(request.url.endsWith("/late") ? String(${late}) : "early"); } } }; });`;
}

const PATTERN = `new URLPattern({ pathname: "/:word" }).exec("http://a.test/found").pathname.groups.word`;

async function askLate(source: IsolateSource): Promise<string> {
  const { ask } = openIsolate("", { source });
  return (await ask({ path: "/late" })).text;
}

test.each(["heap", "bytecode", "source"] as const)(
  "a module is there when a request touches it first, on the %s rung",
  async (rung) => {
    expect(await askLate(sourceOf(rung, lateApp(PATTERN)).source)).toBe("found");
  },
);

test("a heap holds the text of what was touched, and of nothing else", () => {
  expect(sourceOf("heap", lateApp(PATTERN)).heap.includes(PATTERN_TEXT)).toBe(false);
  expect(sourceOf("heap", lateApp(PATTERN, `new URLPattern({ pathname: "/x" });`)).heap.includes(PATTERN_TEXT)).toBe(
    true,
  );
});

test("an app that changed what code stands on changes nothing for modules that come later", async () => {
  const init = `
    let taken = 0;
    const take = () => { taken++; return undefined; };
    globalThis.eval = take;
    Function.prototype.constructor = take;
    for (const target of [Array.prototype, Object.prototype]) {
      for (let i = 16; i < 64; i++) Object.defineProperty(target, i, { get: take, set: take, configurable: true });
    }
    Object.defineProperty(globalThis, "__nano_modules__", { get: take, set: take });`;
  const late = `(() => { const word = ${PATTERN}; return word + " " + taken; })()`;
  expect(await askLate(sourceOf("bytecode", lateApp(late, init)).source)).toBe("found 0");
});

test("a group is asked for by its number alone", () => {
  expect(moduleGroup(0)).toMatch(/^"use strict";\(\(\)=>\[/);
  for (const other of ["0", -1, 0.5, 1e9, Number.NaN, null, "length", {}]) expect(moduleGroup(other)).toBeUndefined();
});

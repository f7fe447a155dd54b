/** What warming up leaves in a snapshot: code, and nothing of the request that was run for it. */
import { expect, test } from "vitest";
import { makeSnapshot } from "../src/make-snapshot.ts";
import { runInit } from "../src/run-init.ts";
import { MAX_WARM_UP_ANSWERS, type WarmUpRecord } from "../src/warm-up.ts";
import { appScript } from "./isolate-harness.ts";

const SECRET = "00".repeat(32);

function warmUpOf(script: string): WarmUpRecord {
  const { warmUp } = runInit({ script, initTimeMs: 5_000, memoryBytes: 64 * 1024 * 1024, onOutcome: () => undefined });
  if (warmUp === null) throw new Error("The top level did not get to its end");
  return warmUp;
}

function snapshotBytes(script: string, warmUp: WarmUpRecord): number {
  return makeSnapshot({ script, attachSecret: SECRET, init: null, warmUp }).byteLength;
}

/** Code that is only compiled when it runs, and large enough to be seen in a snapshot. */
const LONG_CODE = `let sum = 0; ${Array.from({ length: 2_000 }, (_, i) => `sum += ${i} * sum;`).join(" ")}`;

test.each([
  ["a URL that the host parses", "const { pathname } = new URL(request.url);"],
  ["a timer", "await new Promise((resolve) => setTimeout(resolve, 60_000));"],
  ["a digest", `await crypto.subtle.digest("SHA-256", new Uint8Array(3));`],
])("the code behind %s is kept", (_, before) => {
  const script = appScript(
    `${before} return new Response(String(long()));`,
    `function long() { ${LONG_CODE} return sum; }`,
  );
  const warmUp = warmUpOf(script);
  const cold = snapshotBytes(script, { ...warmUp, answers: [] });
  const unreached = appScript("return new Response();", `function long() { ${LONG_CODE} return sum; }`);
  const without = snapshotBytes(unreached, warmUpOf(unreached));
  const warm = snapshotBytes(script, warmUp);
  expect(warm - without).toBeGreaterThan(10_000);
  if (warmUp.answers.length > 0) expect(warm - cold).toBeGreaterThan(10_000);
});

test("the code behind an upgrade, and behind a message, is kept of an app that makes WebSockets", () => {
  const app = (name: string) =>
    appScript(
      `if (request.headers.get("upgrade") === null) return new Response();
       const [client, server] = new ${name}(); server.accept();
       server.onmessage = ({ data }) => server.send(data + long());
       return new Response(null, { status: 101, webSocket: client });`,
      `function long() { ${LONG_CODE} return sum; }`,
    );
  const warmUp = warmUpOf(app("WebSocketPair"));
  expect(warmUp.requests).toHaveLength(2);
  const [get] = warmUp.requests;
  if (get === undefined) throw new Error("No request");
  const warm = snapshotBytes(app("WebSocketPair"), warmUp);
  expect(warm - snapshotBytes(app("WebSocketPair"), { ...warmUp, requests: [get] })).toBeGreaterThan(10_000);
  expect(warmUpOf(appScript("return new Response();")).requests).toHaveLength(1);
});

test("the code behind a question for a file of the app is kept, and an app that asks for none has none of the platform's", () => {
  const app = (name: string) =>
    appScript(
      `void env.${name}.fetch(request); return new Response(String(long()));`,
      `function long() { ${LONG_CODE} return sum; }`,
    );
  const warmUp = warmUpOf(app("ASSETS"));
  expect(warmUp.failures).toEqual([]);
  const warm = snapshotBytes(app("ASSETS"), warmUp);
  expect(warm - snapshotBytes(app("ASSETS"), { ...warmUp, hasAssets: false })).toBeGreaterThan(10_000);
  const none = warmUpOf(appScript("return new Response();"));
  expect([none.hasAssets, none.touchedModules.length < warmUp.touchedModules.length]).toEqual([false, true]);
});

test("an app that changed what all code stands on keeps its heap, and is warmed up", () => {
  const patched = `const refuse = () => { throw new Error("patched"); };
    for (const name of ["push", "shift", "slice", Symbol.iterator]) Array.prototype[name] = refuse;
    Promise.resolve = refuse; Promise.prototype.then = refuse; function long() { ${LONG_CODE} return sum; }`;
  const script = appScript("return new Response(String(long()));", patched).replace("async fetch", "fetch");
  const warmUp = warmUpOf(script);
  expect(snapshotBytes(script, warmUp) - snapshotBytes(script, { ...warmUp, requests: [] })).toBeGreaterThan(10_000);
});

test("an app that asks without end is answered so many times", () => {
  const { answers } = warmUpOf(
    appScript("for (let i = 0; i < 5_000; i++) crypto.randomUUID(); return new Response();"),
  );
  expect(answers).toHaveLength(MAX_WARM_UP_ANSWERS);
});

test("an app that waits for timers without end, throws, loops or rejects is warmed up as far as it goes", () => {
  for (const body of [
    "for (;;) await new Promise((resolve) => setTimeout(resolve, 1000));",
    `throw new Error("no");`,
    "for (;;);",
    `return Promise.reject({ get stack() { throw 1; } });`,
  ]) {
    expect(warmUpOf(appScript(body)).answers.length).toBeLessThanOrEqual(MAX_WARM_UP_ANSWERS);
  }
}, 60_000);

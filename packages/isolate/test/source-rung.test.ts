import { burnSource } from "@nano/test-kit/burn-source";
import { describe, expect, test } from "vitest";
import { appScript, heapSource, openIsolate } from "./isolate-harness.ts";

const SUBJECT = appScript(
  `count += 1;
   const { pathname, searchParams } = new URL(request.url);
   if (pathname === "/throw") throw new RangeError("of the app");
   if (pathname === "/stream") return new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("grü")); c.enqueue(new Uint8Array([195, 159])); c.close(); } }));
   await new Promise((r) => setTimeout(r, 1));
   const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode("x")))[0];
   const headers = new Headers({ "x-count": String(count) }); headers.append("set-cookie", "a=1"); headers.append("set-cookie", "b=2");
   return Response.json({ method: request.method, env, digest, table: table.get("k7"), said: await request.text(), host: request.headers.get("host"), q: searchParams.get("q") }, { status: 203, headers });`,
  "let count = 5; const table = new Map(Array.from({ length: 10 }, (_, i) => ['k' + i, i * i]));",
);

/** What a request gives, whatever its isolate began from. */
async function answersOf(rung: "heap" | "source", isolation: "request" | "app"): Promise<unknown[]> {
  const { ask, host } = openIsolate(SUBJECT, {
    isolation,
    env: { A: "1" },
    ...(rung === "source" ? { source: { rung, script: SUBJECT } } : {}),
  });
  const answers: unknown[] = [];
  for (const request of [
    { path: "/?q=%20x" },
    { path: "/json", method: "POST", body: "said" },
    { path: "/stream" },
    { path: "/throw" },
    { path: "/again" },
  ]) {
    const sink = await ask(request);
    answers.push([sink.events, sink.head, sink.text, sink.error?.reason]);
  }
  answers.push(host.logs.map(({ level, text }) => [level, text]));
  return answers;
}

describe.each(["request", "app"] as const)("in %s mode", (isolation) => {
  test("an isolate from source answers as one from the heap", async () => {
    const fromHeap = await answersOf("heap", isolation);
    expect(await answersOf("source", isolation)).toEqual(fromHeap);
    expect(JSON.stringify(fromHeap)).toContain("x-count\\n6\\n");
  });
});

test("the top level runs under its own limit, ahead of the request's", async () => {
  const slow = appScript("return new Response('fine');", `${burnSource()} burn(120);`);
  const { isolate, ask, host } = openIsolate("", {
    source: { rung: "source", script: slow },
    limits: { cpuTimeMs: 40, initTimeMs: 5_000 },
  });
  isolate.prepareSpare();
  expect(host.entries).toEqual([{ streamId: 0, limitMs: 5_000 }]);
  expect((await ask()).text).toBe("fine");
});

test.each([
  ["throws", "throw new Error('x'.repeat(1e6));"],
  ["throws no error", "throw { toString() { for (;;); } };"],
  ["never ends", "for (;;);"],
])("a top level that %s runs no request, and what is told of it has a bound", (_, init) => {
  const { isolate, start, host } = openIsolate("", {
    source: { rung: "source", script: appScript("return new Response();", init) },
    limits: { initTimeMs: 50 },
  });
  for (let attempt = 0; attempt < 2; attempt++) {
    let thrown: unknown;
    try {
      start();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "ISO_RESTORE_FAILED" });
    expect((thrown as Error).message.length).toBeLessThan(1_000);
  }
  expect(isolate).toMatchObject({ runCount: 0, hasRoom: true });
  expect(host.openEntryCount).toBe(0);
});

test("a script that does not compile is refused, with where", () => {
  expect(() => openIsolate("", { source: { rung: "source", script: "return (" } })).toThrow(
    /ISO|could not be restored/,
  );
});

describe("the attach point", () => {
  test("tenant code has no way to attach: not at its top level, not in a request, by no secret that it could know", async () => {
    const attempts = `["source", "00", "", undefined].map((secret) => typeof __nano_attach__(secret, () => 5, "{}"))`;
    const script = appScript(`return Response.json([initially, ${attempts}]);`, `const initially = ${attempts};`);
    for (const source of [heapSource(script), { rung: "source", script } as const]) {
      const { ask } = openIsolate(script, { source });
      const nothing = Array(4).fill("undefined");
      expect(JSON.parse((await ask()).text)).toEqual([nothing, nothing]);
    }
  });
});

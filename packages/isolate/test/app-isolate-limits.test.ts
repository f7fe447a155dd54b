import type { AppLimits } from "@nano/protocol/app-limits";
import { burnSource } from "@nano/test-kit/burn-source";
import { describe, expect, test } from "vitest";
import type { LimitName } from "../src/limit-names.ts";
import { appScript, openIsolate, type RecordingSink } from "./isolate-harness.ts";

const LOOP = "for (;;);";
/** Spends CPU, as far as the guest's own clock tells. */
const BURN = burnSource();

describe("CPU", () => {
  test.each([
    ["the first", LOOP],
    ["a later", `await new Promise((r) => setTimeout(r, 1)); ${LOOP}`],
  ])("a loop in %s entry ends with cpu_limit, and its isolate with it", async (_, body) => {
    const { ask, isolate, host } = openIsolate(appScript(body), { limits: { cpuTimeMs: 20 } });
    const startedMs = performance.now();
    const sink = await ask();
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(sink.events).toEqual(["fail cpu_limit", "settle"]);
    expect(sink.error).toMatchObject({ httpStatus: 503, retryable: false, fault: "tenant" });
    expect(isolate.end).toBe("cpu_limit");
    expect(host.openEntryCount).toBe(0);
  });

  test("entries add up, and a request over its limit ends alone", async () => {
    const { start, ask, isolate } = openIsolate(
      appScript(
        `if (request.url.endsWith("/calm")) { await new Promise((r) => setTimeout(r, 60)); return new Response("calm"); }
         for (;;) { burn(1); await new Promise((r) => setTimeout(r, 1)); }`,
        BURN,
      ),
      { limits: { cpuTimeMs: 40 } },
    );
    const calm = start({ path: "/calm" }).sink;
    const busy = await ask({ path: "/busy" });
    expect(busy.events).toEqual(["fail cpu_limit", "settle"]);
    await calm.settled;
    expect(calm.text).toBe("calm");
    expect(isolate.end).toBeNull();
  });

  test("time that passes between entries is not CPU", async () => {
    const { ask } = openIsolate(
      appScript(
        "for (let i = 0; i < 12; i++) await new Promise((r) => setTimeout(r, 5)); return new Response('fine');",
      ),
      { limits: { cpuTimeMs: 20 } },
    );
    expect((await ask()).text).toBe("fine");
  });

  test("what the host does for the guest is the guest's CPU", async () => {
    const { ask } = openIsolate(
      appScript(
        `const text = "\u00fc".repeat(200_000);
         for (;;) { for (let i = 0; i < 10; i++) new TextEncoder().encode(text); await new Promise((r) => setTimeout(r, 0)); }`,
      ),
      { limits: { cpuTimeMs: 40, timeoutMs: 5_000 } },
    );
    expect((await ask()).events).toEqual(["fail cpu_limit", "settle"]);
  });

  test("work after the answer that goes over the limit is ended without a word to the client", async () => {
    const { ask, isolate } = openIsolate(
      appScript(
        `ctx.waitUntil(new Promise((r) => setTimeout(r, 1)).then(() => { ${LOOP} })); return new Response("sent");`,
      ),
      { limits: { cpuTimeMs: 20 } },
    );
    const sink = await ask();
    expect(sink.events).toEqual(["respond whole", "settle"]);
    expect(isolate.end).toBe("cpu_limit");
  });

  test("those that wait in an isolate that a loop ends are lost: GET may run again, POST may not", async () => {
    const { start, ask } = openIsolate(
      appScript(`if (request.url.endsWith("/loop")) { ${LOOP} } return new Promise(() => {});`),
      { limits: { cpuTimeMs: 20 } },
    );
    const get = start({ path: "/wait" }).sink;
    const post = start({ path: "/wait", method: "POST" }).sink;
    expect((await ask({ path: "/loop" })).error?.reason).toBe("cpu_limit");
    expect(get.error).toMatchObject({ reason: "isolate_lost", retryable: true });
    expect(post.error).toMatchObject({ reason: "isolate_lost", retryable: false });
    expect([get.settleCount, post.settleCount]).toEqual([1, 1]);
  });

  test("a forged message of V8's own limit ends nothing", async () => {
    const { ask, isolate, host } = openIsolate(
      appScript(
        "Promise.reject(new Error('Script execution timed out.')); if (request.url.endsWith('/throw')) throw new Error('Script execution timed out.'); return new Response('fine');",
      ),
    );
    expect((await ask()).text).toBe("fine");
    expect((await ask({ path: "/throw" })).error?.reason).toBe("handler_threw");
    expect(isolate.end).toBeNull();
    expect(host.logs.length).toBeGreaterThan(1);
  });

  test("a request under its limit is not ended, however long its thread is off its core", async () => {
    const { start, host } = openIsolate(
      appScript(
        "for (let i = 0; i < 3; i++) { console.log('off'); await new Promise((r) => setTimeout(r, 1)); } return new Response('fine');",
      ),
      { limits: { cpuTimeMs: 40 } },
    );
    const nobody = new Int32Array(new SharedArrayBuffer(4));
    host.onLog = () => void Atomics.wait(nobody, 0, 0, 60);
    const { sink } = start();
    await sink.settled;
    expect(sink.text).toBe("fine");
    expect(host.logs).toHaveLength(3);
  });
});

describe("wall", () => {
  test("without a head within the limit a request ends with wall_limit, and the isolate lives", async () => {
    const { ask, isolate } = openIsolate(
      appScript("if (request.url.endsWith('/hang')) await new Promise(() => {}); return new Response('fine');"),
      { limits: { timeoutMs: 200 } },
    );
    const sink = await ask({ path: "/hang" });
    expect(sink.events).toEqual(["fail wall_limit", "settle"]);
    expect(sink.error).toMatchObject({ httpStatus: 504, retryable: false });
    expect((await ask()).text).toBe("fine");
    expect(isolate).toMatchObject({ end: null, runCount: 0 });
  });

  test("the limit counts from the request's arrival", async () => {
    const { start } = openIsolate(appScript("return new Promise(() => {});"), { limits: { timeoutMs: 5_000 } });
    const { sink } = start({ arrivedMs: performance.now() - 4_990 });
    const startedMs = performance.now();
    await sink.settled;
    expect(sink.error?.reason).toBe("wall_limit");
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  test("a head in time may be followed by a stream of any length", async () => {
    const { ask } = openIsolate(
      appScript(
        `let n = 0; return new Response(new ReadableStream({ async pull(c) {
           await new Promise((r) => setTimeout(r, 50)); if (++n > 5) c.close(); else c.enqueue(new Uint8Array([65])); } }));`,
      ),
      { limits: { timeoutMs: 200, waitUntilMs: 5 } },
    );
    const sink = await ask();
    expect(sink.text).toBe("AAAAA");
    expect(sink.error).toBeNull();
  });

  test("in app mode the guest hears that its time is over", async () => {
    const { ask, host } = openIsolate(
      appScript(
        "request.signal.addEventListener('abort', () => console.log('stopped')); fetch('http://up.test/', { signal: request.signal }).catch(() => {}); return new Promise(() => {});",
      ),
      { isolation: "app", limits: { timeoutMs: 200 } },
    );
    const sink = await ask();
    expect(sink.events).toEqual(["fail wall_limit", "settle"]);
    expect(host.logs.map(({ text }) => text)).toContain("stopped");
    expect(host.fetches[0]?.calls).toContain("cancel");
  });
});

describe("memory", () => {
  test("a request that fills the heap ends with memory_limit, those beside it are lost", async () => {
    const { start, ask, isolate, met } = openIsolate(
      appScript(
        `if (request.url.endsWith("/wait")) return new Promise(() => {});
         let kept = null; for (;;) kept = { kept, more: [1, 2, 3, 4, 5, 6, 7, 8] };`,
      ),
      { limits: { memoryBytes: 16 * 1024 * 1024, cpuTimeMs: 60_000 } },
    );
    const get = start({ path: "/wait" }).sink;
    const sink = await ask();
    expect(sink.events).toEqual(["fail memory_limit", "settle"]);
    expect(sink.error).toMatchObject({ httpStatus: 503, retryable: false });
    expect(get.error).toMatchObject({ reason: "isolate_lost", retryable: true });
    expect(isolate).toMatchObject({ end: "memory_limit", hasRoom: false });
    expect(met).toEqual(["memory_limit"]);
  });

  test("contexts alive at once have a bound, and room comes back with each that ends", async () => {
    const { start, isolate } = openIsolate(appScript("return new Promise(() => {});"), {
      contextBytes: 4 * 1024 * 1024,
      limits: { memoryBytes: 24 * 1024 * 1024, waitUntilMs: 0 },
    });
    const runs = [];
    while (isolate.hasRoom) runs.push(start().run);
    expect(runs).toHaveLength(3);
    isolate.prepareSpare();
    expect(isolate.hasRoom).toBe(false);
    const [first] = runs;
    if (first === undefined) throw new Error("no run");
    isolate.abort(first, "gone");
    await (first.sink as RecordingSink).settled;
    expect(isolate.hasRoom).toBe(true);
  });

  test("in app mode the bound is that of requests, and one context serves them all", () => {
    const { start, isolate } = openIsolate(appScript("return new Promise(() => {});"), {
      isolation: "app",
      limits: { concurrentRequests: 2 },
    });
    start();
    expect(isolate.hasRoom).toBe(true);
    start();
    expect(isolate.hasRoom).toBe(false);
  });
});

describe("the soft share of the CPU limit", () => {
  const BURNS = appScript(
    `const { pathname } = new URL(request.url);
     if (pathname === "/calm") return new Response("calm");
     for (let i = 0; i < 12; i++) { burn(2); await new Promise((r) => setTimeout(r, 1)); }
     return new Response("used much");`,
    BURN,
  );

  test("wears an isolate out by a request that uses more: it is answered, and told in the log once", async () => {
    const { ask, isolate, host, met } = openIsolate(BURNS, { limits: { cpuTimeMs: 2_000, cpuSoftPercent: 0.1 } });
    expect((await ask()).text).toBe("used much");
    expect(isolate).toMatchObject({ isWorn: true, end: null });
    expect(met).toEqual(["cpu_soft_limit"]);
    expect(host.logs.map(({ level, text }) => `${level} ${text.split(" ")[0]}`)).toEqual(["warn cpu_soft_limit:"]);
    expect((await ask({ path: "/calm" })).text).toBe("calm");
  });

  test.each([
    ["below it", { cpuTimeMs: 5_000, cpuSoftPercent: 90 }],
    ["where there is none", { cpuTimeMs: 2_000, cpuSoftPercent: 0 }],
  ])("means nothing to a request %s", async (_, limits) => {
    const { ask, isolate, met } = openIsolate(BURNS, { limits });
    expect((await ask()).text).toBe("used much");
    expect([isolate.isWorn, met]).toEqual([false, []]);
  });
});

describe("each limit that an app meets is told by its name, once", () => {
  const FETCHES = `const failures = []; const all = [];
    for (let i = 0; i < 3; i++) all.push(fetch("http://up.test/").catch((e) => failures.push(e.message)));
    await new Promise((r) => setTimeout(r, 1)); return new Response(failures.join());`;
  const LATE = "ctx.waitUntil(new Promise(() => {})); return new Response();";

  test.each<readonly [name: LimitName, body: string, limits: Partial<AppLimits>, count: number]>([
    ["cpu_limit", LOOP, { cpuTimeMs: 20 }, 1],
    [
      "cpu_limit",
      "for (;;) { burn(1); await new Promise((r) => setTimeout(r, 1)); }",
      { cpuTimeMs: 30, cpuSoftPercent: 0 },
      1,
    ],
    ["wall_limit", "return new Promise(() => {});", { timeoutMs: 20 }, 1],
    ["wait_until", LATE, { waitUntilMs: 5 }, 1],
    ["response_headers_too_large", "return new Response('', { headers: { x: 'y'.repeat(70_000) } });", {}, 1],
    ["subrequests", FETCHES, { subrequestCount: 1 }, 2],
    ["subrequests_at_once", FETCHES, { subrequestsAtOnceCount: 2 }, 1],
    [
      "subrequest_url",
      "await fetch('http://up.test/' + 'x'.repeat(70_000)).catch(() => {}); return new Response();",
      {},
      1,
    ],
    ["timers", "setTimeout(() => {}, 1); setTimeout(() => {}, 1); return new Response();", { timerCount: 1 }, 1],
  ])("%s", async (name, body, limits, count) => {
    const { ask, met } = openIsolate(appScript(body, BURN), { limits: { waitUntilMs: 5, ...limits } });
    await ask();
    expect(met).toEqual(Array.from({ length: count }, () => name));
  });

  test("crypto_in_flight, which the app's own limit sets", async () => {
    const { ask, met } = openIsolate(
      appScript(
        `const data = new Uint8Array(100_000);
         await Promise.all([1, 2, 3].map(() => crypto.subtle.digest("SHA-256", data))); return new Response("digested");`,
      ),
      { limits: { cryptoInFlightCount: 2 } },
    );
    expect((await ask()).text).toBe("digested");
    expect(met).toEqual(["crypto_in_flight"]);
  });
});

test("headers of a response that are too large are a 500 of that name, told once in the log", async () => {
  const { ask, host, isolate } = openIsolate(
    appScript(
      `const headers = { x: "y".repeat(request.url.endsWith("/large") ? 2_100 : 2_000) }; return new Response("fine", { headers });`,
    ),
    { limits: { responseHeaderBytes: 2_048 } },
  );
  const sink = await ask({ path: "/large" });
  expect(sink.error).toMatchObject({ reason: "response_headers_too_large", httpStatus: 500, fault: "tenant" });
  expect(host.logs.map(({ text }) => text.split(":")[0])).toEqual(["response_headers_too_large"]);
  expect((await ask()).text).toBe("fine");
  expect(isolate.end).toBeNull();
});

test("subrequests of one request have a bound, and each is named where it is refused", async () => {
  const { ask, host } = openIsolate(
    appScript(
      "const failures = []; for (let i = 0; i < 4; i++) fetch('http://up.test/').catch((e) => failures.push(e.message)); await new Promise((r) => setTimeout(r, 1)); return new Response(failures.join());",
    ),
    { limits: { subrequestCount: 3 } },
  );
  expect((await ask()).text).toContain("limits.subrequests");
  expect(host.fetches).toHaveLength(3);
});

test("every entry has a limit, and the recorder hears of it before", async () => {
  const { ask, host } = openIsolate(appScript("await new Promise((r) => setTimeout(r, 1)); return new Response();"), {
    limits: { cpuTimeMs: 50 },
  });
  await ask();
  // The context, the request, its timer.
  expect(host.entries.map(({ streamId }) => streamId)).toEqual([0, 1, 1]);
  for (const { limitMs } of host.entries) expect(limitMs).toBeGreaterThan(0);
  expect(host.openEntryCount).toBe(0);
});

test("limits of entries end together, at most 32 ms later than they have to", async () => {
  const { ask, host } = openIsolate(appScript("return new Response();"), { limits: { cpuTimeMs: 50 } });
  const remaindersMs: number[] = [];
  const beginEntry = host.beginEntry.bind(host);
  host.beginEntry = (app, request, limitMs) => {
    if (request !== null) remaindersMs.push((performance.now() + limitMs) % 32);
    beginEntry(app, request, limitMs);
  };
  for (let i = 0; i < 40; i++) await ask();
  const limits = host.entries.flatMap(({ streamId, limitMs }) => (streamId === 0 ? [] : [limitMs]));
  // Four times the CPU, and the grace of 50 ms.
  expect(Math.min(...limits)).toBeGreaterThanOrEqual(250);
  expect(Math.max(...limits)).toBeLessThanOrEqual(250 + 33);
  // But for those whose thread left its core in between.
  expect(remaindersMs.filter((ms) => ms < 2).length).toBeGreaterThan(remaindersMs.length / 2);
});

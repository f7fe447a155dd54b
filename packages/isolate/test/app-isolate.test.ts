import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, test } from "vitest";
import { appScript, bytesOf, openIsolate, RecordingSink } from "./isolate-harness.ts";

const COUNTER = appScript("count += 1; return new Response(String(count));", "let count = 10;");

describe("state", () => {
  test("in request mode every request sees the state at the end of init", async () => {
    const { ask, isolate } = openIsolate(COUNTER, { isolation: "request" });
    expect((await ask()).text).toBe("11");
    isolate.prepareSpare();
    expect((await ask()).text).toBe("11");
    expect((await ask()).text).toBe("11");
  });

  test("in app mode the state of the modules survives requests", async () => {
    const { ask } = openIsolate(COUNTER, { isolation: "app" });
    expect([(await ask()).text, (await ask()).text, (await ask()).text]).toEqual(["11", "12", "13"]);
  });

  test("in request mode requests that overlap share nothing", async () => {
    const script = appScript(
      `globalThis.mine = (globalThis.mine ?? "") + request.url.at(-1);
       await new Promise((resolve) => setTimeout(resolve, 1));
       return new Response(globalThis.mine);`,
    );
    const { ask } = openIsolate(script);
    const answers = await Promise.all(["/a", "/b", "/c"].map((path) => ask({ path })));
    expect(answers.map(({ text }) => text)).toEqual(["a", "b", "c"]);
  });

  test("variables reach the handler as env", async () => {
    const { ask } = openIsolate(appScript("return Response.json(env);"), { env: { GREETING: "grüezi", N: "1" } });
    expect(JSON.parse((await ask()).text)).toEqual({ GREETING: "grüezi", N: "1" });
  });
});

describe("the end of a run", () => {
  test("a plain answer is one event, then settle", async () => {
    const { ask } = openIsolate(appScript("return new Response('hello', { status: 201 });"));
    const sink = await ask();
    expect(sink.events).toEqual(["respond whole", "settle"]);
    expect(sink.head?.status).toBe(201);
    expect(sink.text).toBe("hello");
  });

  test.each([
    ["throws", "throw new Error('secret detail')"],
    ["answers no Response", "return 5"],
    ["rejects later", "await new Promise((r) => setTimeout(r, 1)); throw new TypeError('secret detail')"],
  ])("a handler that %s fails with handler_threw once, and the client learns nothing", async (_, body) => {
    const { ask, host } = openIsolate(appScript(body));
    const sink = await ask();
    expect(sink.events).toEqual(["fail handler_threw", "settle"]);
    expect(sink.error).toMatchObject({ httpStatus: 500, retryable: false, isHeadSent: false });
    expect(JSON.stringify(sink.error)).not.toContain("secret");
    expect(host.logs).toHaveLength(1);
    expect(host.logs[0]).toMatchObject({ level: "error", requestId: "r1" });
  });

  test("a thrown value whose getters throw or are no strings is logged as far as it goes", async () => {
    const { ask, host } = openIsolate(
      appScript(
        "const e = new Error(); Object.defineProperties(e, { name: { get() { throw 1 } }, message: { value: { a: 1 } }, stack: { get() { throw 2 } } }); throw e;",
      ),
    );
    expect((await ask()).events).toEqual(["fail handler_threw", "settle"]);
    expect(host.logs[0]?.text).toContain("[object Object]");
  });

  test("dispose fails what waits, once: repeatable for GET, not for POST", async () => {
    const { isolate, start } = openIsolate(appScript("return new Promise(() => {});"));
    const get = start().sink;
    const post = start({ method: "POST" }).sink;
    isolate.dispose();
    isolate.dispose();
    expect(get.events).toEqual(["fail isolate_lost", "settle"]);
    expect(get.error).toMatchObject({ retryable: true, httpStatus: 502 });
    expect(post.events).toEqual(["fail isolate_lost", "settle"]);
    expect(post.error?.retryable).toBe(false);
    expect(isolate).toMatchObject({ end: "disposed", runCount: 0, hasRoom: false });
    expect(isolate.measureBytes()).toBe(0);
  });

  test("after dispose late events of every kind enter nothing", async () => {
    const { isolate, host, start } = openIsolate(
      appScript("setTimeout(() => {}, 0); fetch('http://x.test/'); return new Response(request.body);"),
    );
    const { run, sink } = start({ method: "PUT", body: true });
    const fetch = host.fetches[0];
    isolate.dispose();
    const entryCount = host.entries.length;
    isolate.pushBody(run, bytesOf("late"));
    isolate.endBody(run);
    isolate.failBody(run, "late");
    isolate.pullResponse(run);
    isolate.abort(run, "late");
    fetch?.listener.onHead({ status: 200, statusText: "", headers: "", url: "", redirected: false });
    fetch?.listener.onChunk(bytesOf("late"));
    fetch?.listener.onError("late");
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(host.entries).toHaveLength(entryCount);
    expect(host.openEntryCount).toBe(0);
    expect(sink.settleCount).toBe(1);
    expect(fetch?.calls).toContain("cancel");
  });

  test("a sink that throws fails its request and shows the guest nothing of the host", async () => {
    const { start, ask, host } = openIsolate(
      appScript(
        `if (request.url.endsWith("/next")) return new Response("fine");
         return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(4)); } }));`,
      ),
    );
    const sink = new RecordingSink();
    sink.onRespond = () => {
      throw new Error("of the host");
    };
    start({}, sink);
    await sink.settled;
    expect(sink.error?.code).toBe("NANO_INTERNAL");
    expect(sink.settleCount).toBe(1);
    expect(host.logs).toEqual([]);
    expect((await ask({ path: "/next" })).text).toBe("fine");
  });
});

describe("timers and work after the answer", () => {
  test("timers fire in order, and cleared ones never", async () => {
    const { ask } = openIsolate(
      appScript(
        `const seen = [];
         const cleared = setTimeout(() => seen.push("cleared"), 1);
         setTimeout(() => seen.push("late"), 100); setTimeout(() => seen.push("soon"), 0);
         clearTimeout(cleared);
         let ticks = 0; await new Promise((r) => { const t = setInterval(() => { if (++ticks === 3) { clearInterval(t); r(); } }, 1); });
         await new Promise((r) => setTimeout(r, 110));
         return new Response(seen.join() + ticks);`,
      ),
    );
    expect((await ask()).text).toBe("soon,late3");
  });

  test("timers have a bound, and end with their request", async () => {
    const { ask, host } = openIsolate(
      appScript(
        `let n = 0; try { for (;;) { setTimeout(() => console.log("fired"), 5); n++; } } catch { return new Response(String(n)); }`,
      ),
      { isolation: "app" },
    );
    expect((await ask()).text).toBe("1000");
    expect((await ask()).text).toBe("1000");
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(host.logs).toEqual([]);
  });

  test("waitUntil keeps the request open after its answer", async () => {
    const { start, host } = openIsolate(
      appScript(
        "ctx.waitUntil(new Promise((r) => setTimeout(r, 5)).then(() => console.log('after'))); return new Response('first');",
      ),
    );
    const { sink } = start();
    await sink.responded;
    expect(sink.events).toEqual(["respond whole"]);
    expect(host.logs).toEqual([]);
    await sink.settled;
    expect(host.logs.map(({ text }) => text)).toEqual(["after"]);
  });

  test("waitUntil that never ends is ended at its limit, and logged", async () => {
    const { ask, host, isolate } = openIsolate(
      appScript("ctx.waitUntil(new Promise(() => {})); return new Response('first');"),
      { limits: { waitUntilMs: 20 } },
    );
    expect((await ask()).events).toEqual(["respond whole", "settle"]);
    expect(host.logs[0]?.text).toContain("waitUntil took longer than 20 ms");
    expect(isolate.runCount).toBe(0);
  });

  test("waitUntil has its limit also after a stream that took longer than the wall limit", async () => {
    const { start, isolate, host } = openIsolate(
      appScript(
        `ctx.waitUntil(new Promise(() => {}));
         let n = 0;
         return new Response(new ReadableStream({ async pull(c) {
           await new Promise((r) => setTimeout(r, 50));
           if (++n === 6) c.close(); else c.enqueue(new Uint8Array([65]));
         } }));`,
      ),
      { limits: { timeoutMs: 200, waitUntilMs: 20 } },
    );
    const { sink } = start();
    await eventually(() => sink.events.includes("end"));
    expect(sink.text).toBe("AAAAA");
    await eventually(() => sink.settleCount === 1, { timeoutMs: 2_000 });
    expect(isolate.runCount).toBe(0);
    expect(host.logs[0]?.text).toContain("waitUntil");
  });

  test("an unhandled rejection is a line in the log and fails nobody", async () => {
    const { ask, host } = openIsolate(
      appScript("Promise.reject(new RangeError('nobody caught it')); return new Response('fine');"),
      { isolation: "app" },
    );
    expect((await ask()).text).toBe("fine");
    expect((await ask()).text).toBe("fine");
    expect(host.logs.map(({ text }) => text)).toEqual([
      "Unhandled rejection: RangeError: nobody caught it",
      "Unhandled rejection: RangeError: nobody caught it",
    ]);
  });

  test.each([
    [
      "an object",
      "{ code: 1 }",
      /^an object that is no Error, of which nothing more is known: reject with an Error/,
      false,
    ],
    ["a string", "'why'", /^why$/, false],
    ["undefined", "undefined", /^undefined$/, false],
    ["an object with a message", "{ message: 'said' }", /^Error: said$/, true],
    ["a DOMException", "new DOMException('gone', 'AbortError')", /^AbortError: gone$/, true],
    [
      "an error of the app's own class",
      "new (class Own extends Error { name = 'Own' })('m')",
      /^(?:Own|Error): m$/,
      true,
    ],
  ])("an unhandled rejection with %s says in our words what is known of it", async (_what, reason, text, hasStack) => {
    const { ask, host } = openIsolate(appScript(`Promise.reject(${reason}); return new Response();`));
    await ask();
    expect(host.logs[0]?.text.replace("Unhandled rejection: ", "")).toMatch(text);
    expect(host.logs[0]?.stack !== undefined).toBe(hasStack);
    // The copy that isolated-vm makes has frames of the host.
    expect(host.logs[0]?.stack ?? "").not.toMatch(/was thrown from supplied code|boundary|app-isolate|file:|node:/);
  });

  test.each([
    ["a handler", "const held = []; for (;;) held.push(new Uint8Array(1e7));"],
    [
      "a rejection",
      "Promise.resolve().then(() => { const held = []; for (;;) held.push(new Uint8Array(1e7)); }); return new Response();",
    ],
  ])("%s that finds no room for a buffer names the limit in the log", async (_what, body) => {
    const { ask, host } = openIsolate(appScript(body));
    await ask();
    expect(host.logs[0]?.text).toMatch(
      /RangeError: Array buffer allocation failed \(buffers count towards limits\.memory_mb\)$/,
    );
  });

  test("a key in the log is shown by what it is for, and not by what it holds", async () => {
    const { ask, host } = openIsolate(
      appScript(
        `console.log(await crypto.subtle.importKey("raw", new Uint8Array(16), "AES-GCM", false, ["encrypt"])); return new Response();`,
      ),
    );
    await ask();
    expect(host.logs[0]?.text.replaceAll(/\s+/g, " ")).toBe(
      "CryptoKey { type: 'secret', extractable: false, algorithm: 'AES-GCM', usages: [ 'encrypt' ] }",
    );
  });

  test("what a rejection writes into the log has a bound", async () => {
    const { ask, host } = openIsolate(
      appScript(
        "Promise.reject(request.url.endsWith('text') ? 'x'.repeat(1e6) : new Error('x'.repeat(1e6))); return new Response();",
      ),
    );
    await ask({ path: "/error" });
    await ask({ path: "/text" });
    expect(host.logs).toHaveLength(2);
    for (const { text, stack = "" } of host.logs) {
      expect(text.length).toBeLessThan(17_000);
      expect(stack.length).toBeLessThan(17_000);
    }
  });

  test("in app mode a request keeps the timers that it set in an entry of another that is over", async () => {
    const script = appScript(
      `if (request.url.endsWith("/first")) { await new Promise((r) => setTimeout(r, 2)); release(); return new Response("first"); }
       await gate; await new Promise((r) => setTimeout(r, 5)); return new Response("second");`,
      "let release; const gate = new Promise((r) => { release = r; });",
    );
    const { start } = openIsolate(script, { isolation: "app", limits: { timeoutMs: 2_000 } });
    const second = start({ path: "/second" }).sink;
    const first = start({ path: "/first" }).sink;
    await Promise.all([first.settled, second.settled]);
    expect([first.text, second.text]).toEqual(["first", "second"]);
  });

  test("in app mode a request keeps the fetches that it made in an entry of another that is over", async () => {
    const script = appScript(
      `if (request.url.endsWith("/first")) { await new Promise((r) => setTimeout(r, 2)); release(); return new Response("first"); }
       await gate; const answer = await fetch("http://up.test/"); return new Response("second " + answer.status);`,
      "let release; const gate = new Promise((r) => { release = r; });",
    );
    const { start, host } = openIsolate(script, { isolation: "app", limits: { timeoutMs: 2_000 } });
    const second = start({ path: "/second" }).sink;
    const first = start({ path: "/first" }).sink;
    await first.settled;
    const [call] = host.fetches;
    expect(call?.calls).not.toContain("cancel");
    call?.listener.onHead({ status: 204, statusText: "", headers: "", url: "http://up.test/", redirected: false });
    await second.settled;
    expect(second.text).toBe("second 204");
  });

  test("in app mode what a request left behind ends with the last that could own it", async () => {
    const script = appScript(
      `if (request.url.endsWith("/leaves")) { setInterval(() => console.log("tick"), 3); await new Promise((r) => setTimeout(r, 1)); return new Response(); }
       if (request.url.endsWith("/stays")) await gate; else if (request.url.endsWith("/release")) release();
       else await new Promise((r) => setTimeout(r, 20));
       return new Response();`,
      "let release; const gate = new Promise((r) => { release = r; });",
    );
    const { start, ask, host } = openIsolate(script, { isolation: "app" });
    const beside = start({ path: "/stays" }).sink;
    await ask({ path: "/leaves" });
    await eventually(() => host.logs.length > 0);
    const after = start({ path: "/after" }).sink;
    await ask({ path: "/release" });
    await beside.settled;
    const tickCount = host.logs.length;
    await after.settled;
    expect(host.logs).toHaveLength(tickCount);
  });
});

describe("bodies", () => {
  test("a whole body and a streamed one arrive the same", async () => {
    const { ask, start, isolate } = openIsolate(appScript("return new Response(await request.text());"));
    expect((await ask({ method: "POST", body: "gr\u00fcezi" })).text).toBe("grüezi");
    const { run, sink } = start({ method: "POST", body: true });
    const pieces = ["gr", "\u00fcezi"];
    const deliver = (): void => {
      const piece = pieces.shift();
      if (piece === undefined) isolate.endBody(run);
      else isolate.pushBody(run, bytesOf(piece));
    };
    sink.onWantBody = () => setImmediate(deliver);
    deliver();
    await sink.settled;
    expect(sink.text).toBe("grüezi");
  });

  test("a body is asked for one piece at a time, and only while the guest reads", async () => {
    const { start, isolate } = openIsolate(
      appScript(
        `const reader = request.body.getReader(); const { value } = await reader.read();
         await new Promise((r) => setTimeout(r, 5)); await reader.cancel(); return new Response(String(value.length));`,
      ),
    );
    const { run, sink } = start({ method: "POST", body: true });
    expect(sink.events).toEqual(["want body"]);
    isolate.pushBody(run, bytesOf("four"));
    await sink.settled;
    expect(sink.events).toEqual(["want body", "cancel body", "respond whole", "settle"]);
    expect(sink.text).toBe("4");
  });

  test("a body that fails rejects the read with the reason", async () => {
    const { start, isolate } = openIsolate(
      appScript("try { await request.text(); } catch (e) { return new Response(e.name + ': ' + e.message); }"),
    );
    const { run, sink } = start({ method: "POST", body: true });
    isolate.failBody(run, "the client left");
    await sink.settled;
    expect(sink.text).toBe("TypeError: the client left");
  });

  test("a streamed answer waits while the sink is full", async () => {
    const { start, isolate } = openIsolate(
      appScript(
        "let n = 0; return new Response(new ReadableStream({ pull(c) { if (n === 4) c.close(); else c.enqueue(new Uint8Array([48 + n++])); } }));",
      ),
    );
    const sink = new RecordingSink();
    sink.hasRoom = false;
    const { run } = start({}, sink);
    await eventually(() => sink.text === "0");
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(sink.text).toBe("0");
    isolate.pullResponse(run);
    expect(sink.text).toBe("01");
    sink.hasRoom = true;
    isolate.pullResponse(run);
    await sink.settled;
    expect(sink.text).toBe("0123");
    expect(sink.events.slice(-2)).toEqual(["end", "settle"]);
  });

  test("a stream that fails after its head cuts the answer, once", async () => {
    const { ask, host } = openIsolate(
      appScript(
        "let n = 0; return new Response(new ReadableStream({ pull(c) { if (n++) throw new Error('broke'); c.enqueue(new Uint8Array(3)); } }));",
      ),
    );
    const sink = await ask();
    expect(sink.events).toEqual(["respond stream", "chunk", "fail response_cut", "settle"]);
    expect(sink.error?.isHeadSent).toBe(true);
    expect(host.logs[0]?.text).toContain("broke");
  });

  test("abort reaches the request's signal and the stream of the answer, and nothing more is sent", async () => {
    const { start, isolate, host } = openIsolate(
      appScript(
        `request.signal.addEventListener("abort", () => console.log("aborted: " + request.signal.reason.message));
         return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(8)); }, cancel() { console.log("cancelled"); } }));`,
      ),
    );
    const sink = new RecordingSink();
    sink.hasRoom = false;
    const { run } = start({}, sink);
    await eventually(() => sink.events.includes("chunk"));
    isolate.abort(run, "client gone");
    await sink.settled;
    expect(host.logs.map(({ text }) => text)).toEqual(["aborted: client gone", "cancelled"]);
    expect(sink.events).toEqual(["respond stream", "chunk", "settle"]);
  });

  test("abort before the answer: a handler that ignores it is ended at the limit of waitUntil", async () => {
    const { start, isolate } = openIsolate(appScript("return new Promise(() => {});"), { limits: { waitUntilMs: 10 } });
    const { run, sink } = start();
    isolate.abort(run, "client gone");
    isolate.abort(run, "client gone");
    await sink.settled;
    expect(sink.events).toEqual(["settle"]);
  });

  test("abort from within an entry is delivered after it", async () => {
    const { start, isolate, host } = openIsolate(
      appScript(
        `request.signal.addEventListener("abort", () => console.log("aborted"));
         return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(8)); } }));`,
      ),
    );
    const sink = new RecordingSink();
    sink.hasRoom = false;
    const { run } = start({}, sink);
    sink.onChunk = () => isolate.abort(run, "gone");
    isolate.pullResponse(run);
    await sink.settled;
    expect(host.deepestEntryCount).toBe(1);
    expect(host.logs.map(({ text }) => text)).toEqual(["aborted"]);
    expect(sink.settleCount).toBe(1);
  });
});

describe("the head of an answer", () => {
  test("repeated headers stay apart", async () => {
    const { ask } = openIsolate(
      appScript(
        "const h = new Headers(); h.append('set-cookie', 'a=1'); h.append('set-cookie', 'b=2'); return new Response(null, { headers: h });",
      ),
    );
    expect((await ask()).headers).toEqual(["set-cookie", "a=1", "set-cookie", "b=2"]);
  });

  test("a header value that HTTP cannot carry is a 500, and the slot is free at once", async () => {
    const { ask, isolate, host } = openIsolate(
      appScript(
        "return new Response(request.url.endsWith('stream') ? new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(4)); } }) : 'x', { headers: { x: 'a\\u0001b' } });",
      ),
    );
    for (const path of ["/whole", "/stream"]) {
      const sink = await ask({ path });
      expect(sink.events).toEqual(["fail handler_threw", "settle"]);
    }
    expect(isolate.runCount).toBe(0);
    expect(host.logs).toHaveLength(2);
  });
});

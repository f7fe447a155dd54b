import { describe, expect, test } from "vitest";
import { appScript, bytesOf, openIsolate, RecordingSink } from "./isolate-harness.ts";

const HEAD = { status: 200, statusText: "", headers: "", url: "http://x.test/", redirected: false };
const ECHO = "return new Response(request.body);";

const pulls = (sink: RecordingSink): number => sink.events.filter((event) => event === "want body").length;

describe("a request's body passed on as the response", () => {
  test("never enters the isolate, and its run is over when the last byte is", () => {
    const { isolate, host, start } = openIsolate(appScript(ECHO));
    const { run, sink } = start({ method: "POST", body: true });
    expect(sink.events).toEqual(["respond stream", "want body"]);
    const entryCount = host.entries.length;
    isolate.pushBody(run, bytesOf("one "));
    isolate.pushBody(run, bytesOf("two"));
    isolate.endBody(run);
    expect(sink.text).toBe("one two");
    expect(sink.events.slice(-2)).toEqual(["end", "settle"]);
    expect(host.entries).toHaveLength(entryCount);
  });

  test("waits while its response has no room", () => {
    const { isolate, start } = openIsolate(appScript(ECHO));
    const { run, sink } = start({ method: "POST", body: true });
    sink.hasRoom = false;
    isolate.pushBody(run, bytesOf("one"));
    expect(pulls(sink)).toBe(1);
    sink.hasRoom = true;
    isolate.pullResponse(run);
    isolate.pullResponse(run);
    expect(pulls(sink)).toBe(2);
  });

  test("holds no context, and counts among the app's requests", () => {
    const { isolate, start } = openIsolate(appScript(ECHO), { limits: { concurrentRequests: 2 } });
    const runs = [1, 2].map(() => start({ method: "POST", body: true }));
    expect(isolate.runCount).toBe(0);
    expect(isolate.hasRoom).toBe(false);
    for (const { run } of runs) isolate.endBody(run);
    expect(isolate.hasRoom).toBe(true);
  });

  test("outlives the isolate", () => {
    const { isolate, start } = openIsolate(appScript(ECHO));
    const { run, sink } = start({ method: "POST", body: true });
    isolate.dispose();
    isolate.pushBody(run, bytesOf("late"));
    isolate.endBody(run);
    expect([sink.text, sink.error, sink.settleCount]).toEqual(["late", null, 1]);
  });

  test("outlives the isolate also where its run waits for something", () => {
    const { isolate, start } = openIsolate(
      appScript("ctx.waitUntil(new Promise(() => {})); return new Response(request.body);"),
    );
    const { run, sink } = start({ method: "POST", body: true });
    expect(isolate.runCount).toBe(1);
    isolate.dispose();
    expect(sink.settleCount).toBe(0);
    isolate.pushBody(run, bytesOf("late"));
    isolate.endBody(run);
    expect([sink.text, sink.error, sink.settleCount]).toEqual(["late", null, 1]);
  });

  test("ends when the client goes, and once", () => {
    const { isolate, start } = openIsolate(appScript(ECHO));
    const { run, sink } = start({ method: "POST", body: true });
    isolate.abort(run, "gone");
    isolate.abort(run, "gone");
    isolate.pushBody(run, bytesOf("late"));
    isolate.endBody(run);
    expect(sink.events).toEqual(["respond stream", "want body", "cancel body", "settle"]);
  });

  test("is cut where it breaks off, and the app's log says so", () => {
    const { isolate, host, start } = openIsolate(appScript(ECHO));
    const { run, sink } = start({ method: "POST", body: true });
    isolate.failBody(run, "it broke");
    expect(sink.error).toMatchObject({ isHeadSent: true });
    expect(sink.settleCount).toBe(1);
    expect(host.logs[0]?.text).toBe("Response body failed: it broke");
  });

  test("a request whose signal somebody holds stays, and hears the client go", async () => {
    const { isolate, host, start } = openIsolate(
      appScript(`request.signal.addEventListener("abort", () => console.log("heard")); ${ECHO}`),
    );
    const { run, sink } = start({ method: "POST", body: true });
    expect(isolate.runCount).toBe(1);
    isolate.abort(run, "gone");
    expect(host.logs.map(({ text }) => text)).toEqual(["heard"]);
    expect(sink.settleCount).toBe(1);
  });

  test("a request whose signal somebody holds ends with its body, waitUntil after it", async () => {
    const { isolate, start } = openIsolate(
      appScript(`request.signal; ctx.waitUntil(new Promise((r) => setTimeout(r, 5))); ${ECHO}`),
    );
    const { run, sink } = start({ method: "POST", body: true });
    isolate.endBody(run);
    await sink.settled;
    expect(sink.events.slice(-2)).toEqual(["end", "settle"]);
  });

  test("may be another request's in app mode, and ends with that", () => {
    const { isolate, start } = openIsolate(
      appScript(
        `if (request.method === "POST") { body = request.body; await new Promise(() => {}); } return new Response(body);`,
        "let body;",
      ),
      { isolation: "app" },
    );
    const first = start({ method: "POST", body: true });
    const second = start();
    isolate.pushBody(first.run, bytesOf("one"));
    expect(second.sink.text).toBe("one");
    isolate.abort(first.run, "gone");
    expect(second.sink.error).toMatchObject({ isHeadSent: true });
    expect(second.sink.settleCount).toBe(1);
  });
});

describe("the answer to a fetch passed on as the response", () => {
  const PROXY = `return fetch("http://x.test/");`;

  test("goes to the client by itself: the context is gone, the fetch is not", () => {
    const { isolate, host, start } = openIsolate(appScript(PROXY));
    const { run, sink } = start();
    const [fetch] = host.fetches;
    fetch?.listener.onHead(HEAD);
    expect(isolate.runCount).toBe(0);
    isolate.dispose();
    expect(fetch?.calls).toEqual(["end", "pull"]);
    sink.hasRoom = false;
    fetch?.listener.onChunk(bytesOf("one"));
    expect(fetch?.calls).toEqual(["end", "pull"]);
    isolate.pullResponse(run);
    expect(fetch?.calls).toEqual(["end", "pull", "pull"]);
    fetch?.listener.onEnd();
    expect([sink.text, sink.events.slice(-2)]).toEqual(["one", ["end", "settle"]]);
  });

  test("is cancelled when the client goes", () => {
    const { isolate, host, start } = openIsolate(appScript(PROXY));
    const { run, sink } = start();
    host.fetches[0]?.listener.onHead(HEAD);
    isolate.abort(run, "gone");
    expect(host.fetches[0]?.calls.at(-1)).toBe("cancel");
    expect(sink.settleCount).toBe(1);
  });

  test("is cut where the fetch breaks off", () => {
    const { host, start } = openIsolate(appScript(PROXY));
    const { sink } = start();
    host.fetches[0]?.listener.onHead(HEAD);
    host.fetches[0]?.listener.onError("reset by peer");
    expect(sink.error).toMatchObject({ isHeadSent: true });
    expect(sink.settleCount).toBe(1);
    expect(host.logs[0]?.text).toBe("Response body failed: reset by peer");
  });

  test("is cut where the app aborts the fetch", async () => {
    const { host, start } = openIsolate(
      appScript(`const c = new AbortController(); setTimeout(() => c.abort(), 1); return fetch("http://x.test/", c);`),
    );
    const { sink } = start();
    host.fetches[0]?.listener.onHead(HEAD);
    await sink.settled;
    expect(sink.error).toMatchObject({ isHeadSent: true });
    expect(host.fetches[0]?.calls.at(-1)).toBe("cancel");
  });

  test("in app mode the app hears of its end, and its other requests go on", async () => {
    const { host, start } = openIsolate(appScript(PROXY), { isolation: "app" });
    const { sink } = start();
    host.fetches[0]?.listener.onHead(HEAD);
    const entryCount = host.entries.length;
    host.fetches[0]?.listener.onEnd();
    expect(sink.settleCount).toBe(1);
    expect(host.entries).toHaveLength(entryCount + 1);
    expect(host.fetches[0]?.calls).not.toContain("cancel");
  });

  test("while the app sends the fetch's body, it ends with the app", () => {
    const { isolate, host, start } = openIsolate(
      appScript(
        `return fetch("http://x.test/", { method: "POST", duplex: "half", body: new TransformStream().readable });`,
      ),
    );
    const { sink } = start();
    host.fetches[0]?.listener.onHead(HEAD);
    expect(isolate.runCount).toBe(1);
    isolate.dispose();
    expect(host.fetches[0]?.calls).toContain("cancel");
    expect(sink.error).toMatchObject({ isHeadSent: true });
    expect(sink.settleCount).toBe(1);
  });
});

describe("a request's body passed on with a fetch", () => {
  const UPLOAD = `return fetch("http://x.test/", { method: "PUT", body: request.body, duplex: "half" });`;

  test("goes out by itself, both ways at once, without the isolate", () => {
    const { isolate, host, start } = openIsolate(appScript(UPLOAD));
    const { run, sink } = start({ method: "POST", body: true });
    const [fetch] = host.fetches;
    expect(pulls(sink)).toBe(1);
    isolate.pushBody(run, bytesOf("up1"));
    fetch?.listener.onHead(HEAD);
    isolate.dispose();
    fetch?.listener.onChunk(bytesOf("down"));
    isolate.pushBody(run, bytesOf("up2"));
    isolate.endBody(run);
    fetch?.listener.onEnd();
    expect(fetch?.calls.filter((call) => call !== "pull")).toEqual(["body up1", "body up2", "end"]);
    expect([sink.text, sink.settleCount]).toEqual(["down", 1]);
  });

  test("waits for the fetch to have room", () => {
    const { isolate, host, start } = openIsolate(appScript(UPLOAD));
    const { run, sink } = start({ method: "POST", body: true });
    for (let i = 0; i < 98; i++) host.fetches[0]?.calls.push("filler");
    isolate.pushBody(run, bytesOf("one"));
    isolate.pushBody(run, bytesOf("two"));
    const before = pulls(sink);
    host.fetches[0]?.listener.onBodyDrain();
    expect(pulls(sink)).toBe(before + 1);
  });

  test("a body that breaks off rejects the fetch, and cancels it", async () => {
    const { isolate, host, start } = openIsolate(
      appScript(`try { return await fetch("http://x.test/", { method: "PUT", body: request.body, duplex: "half" }); }
        catch (e) { return new Response(e.name + ": " + e.message); }`),
    );
    const { run, sink } = start({ method: "POST", body: true });
    isolate.failBody(run, "it broke");
    expect(host.fetches[0]?.calls).toContain("cancel");
    await sink.settled;
    expect(sink.text).toBe("TypeError: fetch failed: it broke");
  });

  test("an answer before the end of the upload drops the rest of it", () => {
    const { isolate, host, start } = openIsolate(appScript(UPLOAD));
    const { run, sink } = start({ method: "POST", body: true });
    host.fetches[0]?.listener.onHead({ ...HEAD, status: 413 });
    host.fetches[0]?.listener.onEnd();
    isolate.pushBody(run, bytesOf("late"));
    expect(sink.events.slice(-3)).toEqual(["cancel body", "end", "settle"]);
  });

  test("a client that goes ends the fetch", () => {
    const { isolate, host, start } = openIsolate(appScript(UPLOAD));
    const { run, sink } = start({ method: "POST", body: true });
    isolate.abort(run, "gone");
    expect(host.fetches[0]?.calls).toContain("cancel");
    expect(sink.settleCount).toBe(1);
  });
});

describe("names that a hostile guest makes up", () => {
  // What a guest that broke out of its prelude could send: a name in place of the body's bytes.
  test.each([
    ["of nothing", "99"],
    ["of no fetch", "-99"],
    ["of no number", "Number.NaN"],
    ["of its own request without a body", "1"],
  ])("a name %s fails the request alone", async (_what, name) => {
    const { start, ask } = openIsolate(
      appScript(`if (request.url.endsWith("/next")) return new Response("fine"); return new Response("");`),
    );
    const sink = new RecordingSink();
    const { run } = start({}, sink);
    const { ResponseOps } = await import("../src/response-ops.ts");
    const ops = new ResponseOps(
      "subject" as never,
      { log: () => undefined } as never,
      { refuseLargeHeaders: () => false } as never,
    );
    const fresh = new RecordingSink();
    const { GuestRun } = await import("../src/guest-run.ts");
    const forged = new GuestRun(1, run.request, fresh, run.context);
    ops.respond(forged, { status: 200, statusText: "", headers: "", body: Number(name) }, () => undefined);
    expect(fresh.events).toEqual(["fail handler_threw"]);
    expect((await ask({ path: "/next" })).text).toBe("fine");
  });

  test("the same body twice is refused the second time", () => {
    const { isolate, host, start } = openIsolate(
      appScript(
        `const { body } = request;
         ctx.waitUntil(fetch("http://x.test/", { method: "PUT", body, duplex: "half" }));
         body._disturbed = false; body._reader = undefined;
         return new Response(body);`,
      ),
    );
    const { run, sink } = start({ method: "POST", body: true });
    isolate.pushBody(run, bytesOf("one"));
    expect(host.fetches[0]?.calls).toContain("body one");
    expect(sink.text).toBe("");
    isolate.abort(run, "over");
    expect(sink.settleCount).toBe(1);
  });
});

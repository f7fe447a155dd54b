/** `waitUntil` of `cloudflare:workers`, which is given no request: that of the entry which is running. */
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, test } from "vitest";
import { appScript, openIsolate } from "./isolate-harness.ts";

/** What the bundle's module calls. */
const INIT = "const { waitUntil } = arguments[2]();";
const WAIT = "new Promise((resolve) => setTimeout(resolve, 5)).then(() => console.log('after ' + request.url))";

describe("waitUntil without a context", () => {
  test("keeps the request open whose handler calls it, in its first entry", async () => {
    const { ask, host } = openIsolate(appScript(`waitUntil(${WAIT}); return new Response("first");`, INIT));
    const sink = await ask({ path: "/a" });
    expect(sink.events).toEqual(["respond whole", "settle"]);
    expect(host.logs.map(({ text }) => text)).toEqual(["after http://subject.test/a"]);
  });

  test.each(["request", "app"] as const)("keeps that request open after a wait: %s mode", async (isolation) => {
    const { start, host } = openIsolate(
      appScript(
        `await new Promise((resolve) => setTimeout(resolve, 1)); waitUntil(${WAIT}); return new Response("late");`,
        INIT,
      ),
      { isolation },
    );
    const [one, two] = [start({ path: "/1" }).sink, start({ path: "/2" }).sink];
    await Promise.all([one.settled, two.settled]);
    expect([...one.events, ...two.events]).toEqual(["respond whole", "settle", "respond whole", "settle"]);
    expect(host.logs.map(({ text, requestId }) => `${requestId} ${text}`).sort()).toEqual([
      "r1 after http://subject.test/1",
      "r2 after http://subject.test/2",
    ]);
  });

  test("keeps none but its own request open in app mode", async () => {
    const { start } = openIsolate(
      appScript(
        `if (request.url.endsWith("/slow")) waitUntil(new Promise((resolve) => { globalThis.release = resolve; }));
         else if (request.url.endsWith("/release")) release();
         return new Response();`,
        INIT,
      ),
      { isolation: "app" },
    );
    const slow = start({ path: "/slow" }).sink;
    const quick = start({ path: "/quick" }).sink;
    await quick.settled;
    expect(slow.settleCount).toBe(0);
    await start({ path: "/release" }).sink.settled;
    await eventually(() => slow.settleCount === 1);
  });

  test("logs what it is rejected with, as the request's", async () => {
    const { ask, host } = openIsolate(
      appScript(`waitUntil(Promise.reject(new RangeError("gone"))); return new Response();`, INIT),
    );
    await ask();
    expect(host.logs).toMatchObject([{ level: "error", requestId: "r1" }]);
    expect(host.logs[0]?.text).toContain("waitUntil: RangeError: gone");
  });

  test("logs a failure as the request's that waits, whoever's entry it came in", async () => {
    const { start, host } = openIsolate(
      appScript(
        `if (request.url.endsWith("/slow")) waitUntil(new Promise((_, reject) => { globalThis.fail = reject; }));
         else fail(new Error("late"));
         return new Response();`,
        INIT,
      ),
      { isolation: "app" },
    );
    const slow = start({ path: "/slow" }).sink;
    await start({ path: "/fail" }).sink.settled;
    await slow.settled;
    expect(host.logs).toMatchObject([{ level: "error", requestId: "r1" }]);
  });

  test("is refused by name while the app initialises", async () => {
    const { ask } = openIsolate(
      appScript(
        "return new Response(early);",
        `${INIT} let early; try { waitUntil(Promise.resolve()); } catch (thrown) { early = thrown.message; }`,
      ),
    );
    expect((await ask()).text).toBe("waitUntil: no request is running: call it in a request handler");
  });
});

describe("a default export that is a class", () => {
  const script = (body: string): string => `__nano_app__(function () { return { default: ${body} }; });`;

  test("answers each request with an instance of its own, made with the context and the environment", async () => {
    const { ask } = openIsolate(
      script(`class { constructor(ctx, env) { this.ctx = ctx; this.env = env; this.count = 0; }
        async fetch(request) {
          this.ctx.waitUntil(Promise.resolve());
          this.count += 1;
          return Response.json([this.count, this.env.COLOR, request.url, arguments.length, this.ctx.props]);
        } }`),
      { isolation: "app", env: { COLOR: "blue" } },
    );
    for (const path of ["/1", "/2"]) {
      expect(JSON.parse((await ask({ path })).text)).toEqual([1, "blue", `http://subject.test${path}`, 1, {}]);
    }
  });

  test("whose constructor throws is a handler that threw", async () => {
    const { ask } = openIsolate(script(`class { constructor() { throw new RangeError("no"); } fetch() {} }`));
    expect((await ask()).error?.reason).toBe("handler_threw");
  });

  test("with a static fetch is called as it is", async () => {
    const { ask } = openIsolate(
      script(`class { static fetch() { return new Response("static"); } fetch() { return new Response("no"); } }`),
    );
    expect((await ask()).text).toBe("static");
  });
});

test("ctx.props is an object of each request's own", async () => {
  const { ask } = openIsolate(
    appScript(`const { props } = ctx; props.seen = true;
      let refused; try { Reflect.get(Object.getPrototypeOf(ctx), "props", {}); } catch (thrown) { refused = thrown.name; }
      return Response.json([props === ctx.props, Object.keys(props), refused]);`),
    { isolation: "app" },
  );
  for (let i = 0; i < 2; i++) expect(JSON.parse((await ask()).text)).toEqual([true, ["seen"], "TypeError"]);
});

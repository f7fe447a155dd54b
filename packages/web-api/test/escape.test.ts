/** What tenant code can try at init, before the host attaches, and what it finds afterwards. */
import ivm from "isolated-vm";
import { describe, expect, test } from "vitest";
import { ATTACH_GLOBAL, GuestEvent, HostOp } from "../src/boundary.ts";
import { bytesOf, openGuest, openUnattached, SECRET, webApiScript } from "./harness.ts";

const HANDLER = `exports.default = { fetch: () => new Response("answer") };`;

describe.each(["snapshot", "source"] as const)("in a context from %s, attach", (from) => {
  test("cannot be replaced, redefined or deleted", async () => {
    using guest = await openGuest({
      from,
      app: `const outcomes = [];
        for (const attack of [
          () => { globalThis.${ATTACH_GLOBAL} = () => {}; },
          () => { Object.defineProperty(globalThis, "${ATTACH_GLOBAL}", { value: () => {} }); },
          () => { delete globalThis.${ATTACH_GLOBAL}; },
        ]) { try { attack(); outcomes.push("done"); } catch (e) { outcomes.push(e.constructor.name); } }
        exports.default = { fetch: () => Response.json(outcomes) };`,
    });
    guest.request();
    expect(JSON.parse(guest.answer().body)).toEqual(["TypeError", "TypeError", "TypeError"]);
  });

  test("answers nothing to who does not know the secret, and goes on working", async () => {
    using guest = await openGuest({
      from,
      app: `const answers = ["", undefined, "@@NANO_ATTACH_SECRET@@", { toString: () => "x" }]
          .map((secret) => typeof globalThis.${ATTACH_GLOBAL}(secret, () => {}, "{}"));
        exports.default = { fetch: () => Response.json(answers) };`,
    });
    guest.request();
    expect(JSON.parse(guest.answer().body)).toEqual(["undefined", "undefined", "undefined", "undefined"]);
  });

  test("works once", async () => {
    using guest = await openUnattached({ from, app: HANDLER });
    expect(guest.attach("wrong")).toBe(false);
    expect(guest.attach()).toBe(true);
    expect(guest.attach()).toBe(false);
    guest.request();
    expect(guest.answer().body).toBe("answer");
  });

  test("does not show its secret in its text or anything that can be reached", async () => {
    using guest = await openGuest({ from });
    const texts =
      guest.evaluate(`${WALK}; walk((value) => typeof value === "function" ? Function.prototype.toString.call(value)
      : typeof value === "string" ? value : "").join("\\n")`);
    expect(texts).toContain("function");
    expect(texts).not.toContain(SECRET);
  });
});

test("no function of the host can be reached from the global", async () => {
  const bare = new ivm.Isolate({ memoryLimit: 32 });
  const nativePaths = `${WALK}; walk((value, path) => typeof value === "function" &&
    Function.prototype.toString.call(value).endsWith("{ [native code] }") ? path : "").filter(Boolean)`;
  const known = new Set((bare.createContextSync().evalSync(nativePaths, { copy: true }) as string[]).map(lastName));
  bare.dispose();
  using guest = await openGuest();
  guest.request();
  // Touches every lazy name, so that what they make is walked too.
  guest.evaluate(`for (const name of Object.getOwnPropertyNames(globalThis)) globalThis[name]; 0`);
  const found = (guest.evaluate(nativePaths) as string[]).filter((path) => !known.has(lastName(path)));
  expect(found).toEqual([]);
});

test("values of isolated-vm are not on the global", async () => {
  using guest = await openGuest();
  expect(
    guest.evaluate(
      `["ivm", "Reference", "Callback", "require", "process", "module", "global"].filter((name) => name in globalThis)`,
    ),
  ).toEqual([]);
});

test("the stack formatter cannot be set, so that none runs while a stack is read", async () => {
  using guest = await openGuest({
    app: `let called = 0;
      try { Error.prepareStackTrace = () => { called++; return "tenant"; }; } catch {}
      try { Object.defineProperty(Error, "prepareStackTrace", { value: () => { called++; } }); } catch {}
      class MyError extends Error { static prepareStackTrace() { called++; } }
      exports.default = { fetch() { try { throw new MyError("x"); } catch (e) { return new Response(typeof e.stack + called); } } };`,
  });
  guest.request();
  expect(guest.answer().body).toBe("string0");
});

test.each(["snapshot", "source"] as const)("shared memory and blocking are out of reach from %s", async (from) => {
  using guest = await openGuest({
    from,
    app: `exports.default = { fetch() {
      let shared;
      try { shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer.constructor.name; }
      catch (e) { shared = e.constructor.name; }
      return Response.json([typeof SharedArrayBuffer, typeof Atomics.wait, typeof Atomics.waitAsync, shared,
        typeof WebAssembly.Module]);
    } };`,
  });
  guest.request();
  expect(JSON.parse(guest.answer().body)).toEqual(["undefined", "undefined", "undefined", "TypeError", "function"]);
});

test("the promise forms of WebAssembly settle", async () => {
  using guest = await openGuest({
    app: `exports.default = { async fetch() {
      const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
      const { module, instance } = await WebAssembly.instantiate(bytes);
      const again = await WebAssembly.instantiate(await WebAssembly.compile(bytes));
      const bad = await WebAssembly.compile(new Uint8Array(4)).catch((e) => e.constructor.name);
      return Response.json([module instanceof WebAssembly.Module, instance instanceof WebAssembly.Instance,
        again instanceof WebAssembly.Instance, bad]);
    } };`,
  });
  guest.request();
  expect(JSON.parse(guest.answer().body)).toEqual([true, true, true, "CompileError"]);
});

describe("with patched prototypes", () => {
  /** Replaces every method of the usual prototypes by one that throws. */
  const PATCH = `
    const { getOwnPropertyDescriptors, defineProperty } = Object;
    const { ownKeys } = Reflect;
    const patched = [Array.prototype, String.prototype, Map.prototype, Set.prototype, WeakMap.prototype, ArrayBuffer.prototype,
      Uint8Array.prototype, Object.getPrototypeOf(Uint8Array.prototype), RegExp.prototype, Function.prototype];
    globalThis.patchAll = () => {
      for (const prototype of patched) for (const key of ownKeys(prototype)) {
        if (key === "constructor" || key === Symbol.hasInstance || typeof key === "symbol") continue;
        try { defineProperty(prototype, key, { value: () => { throw new Error("patched " + String(key)); } }); } catch {}
      }
      Promise.prototype.then = () => { throw new Error("patched then"); };
      Promise.resolve = Promise.reject = () => { throw new Error("patched resolve"); };
      JSON.parse = JSON.stringify = () => { throw new Error("patched JSON"); };
      Reflect.apply = Object.defineProperty = Object.create = () => { throw new Error("patched Object"); };
      for (const name of ["get", "set", "value", "status", "headers", "done"]) {
        defineProperty(Object.prototype, "polluted_" + name, { value: 1, enumerable: true });
      }
      // Not Uint8Array: the engine itself aborts at the restore of a snapshot without it.
      globalThis.Promise = globalThis.Map = globalThis.Error = undefined;
      globalThis.Headers = globalThis.Request = globalThis.ReadableStream = globalThis.AbortController = undefined;
    };`;

  test.each(["snapshot", "source"] as const)("requests are still answered, from %s", async (from) => {
    using guest = await openGuest({
      from,
      app: `${PATCH}
        exports.default = { async fetch(request) {
          const text = await request.text();
          return new Response(text + request.headers.get("x-a") + request.method, { status: 201, headers: { "X-B": "2" } });
        } };
        patchAll();`,
    });
    guest.request({ method: "POST", body: true, headers: [["X-A", "1"]] });
    guest.enter(GuestEvent.BODY_CHUNK, 1, bytesOf("one "));
    guest.enter(GuestEvent.BODY_CHUNK, 1, bytesOf("two "));
    guest.enter(GuestEvent.BODY_END, 1);
    expect(guest.calls.filter((call) => call.code === HostOp.THREW || call.code === HostOp.LOG)).toEqual([]);
    expect(guest.answer()).toMatchObject({ status: 201, body: "one two 1POST" });
  });

  test.each(["get", "value"])("interfaces are made where Object.prototype has %s", async (name) => {
    using guest = await openGuest({
      app: `Object.prototype.${name} = undefined;
        exports.default = { fetch() {
          const made = [new Headers(), new AbortController(), new EventTarget(), new MessageChannel(), new URLSearchParams("a=1"), WebAssembly.Memory];
          return new Response(made[4].toString() + made.length);
        } };`,
    });
    guest.request();
    expect(guest.answer().body).toBe("a=16");
  });

  test("a handler that throws is still reported", async () => {
    using guest = await openGuest({
      app: `${PATCH} const { Error: E } = globalThis; exports.default = { fetch() { throw new E("mine"); } }; patchAll();`,
    });
    guest.request();
    expect(guest.of(HostOp.THREW)[0]?.args.slice(0, 2)).toEqual(["Error", "mine"]);
    expect(guest.of(HostOp.SETTLED)).toHaveLength(1);
  });
});

test("what an app puts on Array.prototype is taken for no part of the platform", async () => {
  using guest = await openGuest({
    app: `const calls = [];
      const trap = new Proxy(function () {}, { get: (_, key) => (calls.push(key), () => undefined), apply: () => calls.push("called") });
      for (let i = 0; i < 300; i++) Array.prototype[i] = trap;
      exports.default = { async fetch() {
        const length = calls.length;
        const found = [typeof crypto.randomUUID(), new URL("http://a.test/b").pathname, atob("YQ=="), typeof performance.now(), typeof setTimeout(() => {}),
          new Headers({ a: "1" }).get("a"), new Blob(["ab"]).size, typeof Temporal.Now, typeof WebAssembly.Memory];
        let text = "";
        for (let i = 0; i < found.length; i++) text += found[i] + " ";
        return new Response(text + (calls.length - length));
      } };`,
  });
  guest.request();
  expect(guest.of(HostOp.THREW)).toEqual([]);
  expect(guest.answer().body).toBe("string /b a number number 1 2 object function 0");
});

test("the script leaves no other name on the global than standards and its own two", async () => {
  const isolate = new ivm.Isolate({ memoryLimit: 32 });
  const context = isolate.createContextSync();
  const before = new Set(context.evalSync("Object.getOwnPropertyNames(globalThis)", { copy: true }) as string[]);
  context.evalSync(await webApiScript());
  const after = context.evalSync("Object.getOwnPropertyNames(globalThis)", { copy: true }) as string[];
  isolate.dispose();
  expect(after.filter((name) => !before.has(name) && name.includes("_"))).toEqual(["__nano_app__", "__nano_attach__"]);
});

function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Visits all that can be reached from the global by own properties, prototypes and accessors; calls no getter. */
const WALK = `
  function walk(visit) {
    const found = [], seen = new Set(), queue = [["", globalThis]];
    while (queue.length > 0) {
      const [path, value] = queue.shift();
      found.push(visit(value, path));
      if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) continue;
      seen.add(value);
      queue.push([path + "/<prototype>", Object.getPrototypeOf(value)]);
      for (const key of Reflect.ownKeys(value)) {
        const d = Object.getOwnPropertyDescriptor(value, key);
        for (const part of ["value", "get", "set"]) if (d[part] !== undefined) queue.push([path + "/" + String(key), d[part]]);
      }
    }
    return found;
  }`;

test("no pollution of prototypes or interfaces stands between a client and the listeners of its WebSocket", async () => {
  using guest = await openGuest({
    app: `const trap = (name) => function () { throw new Error("trap " + name); };
      exports.default = { fetch() {
        const [client, server] = new WebSocketPair();
        server.accept();
        const { ownKeys, getOwnPropertyDescriptor, defineProperty, setPrototypeOf } = Reflect;
        const hide = (target, key) => {
          const get = trap(typeof key === "string" ? key : "symbol");
          defineProperty(target, key, { __proto__: null, get, set: get, configurable: true });
        };
        const send = server.send.bind(server);
        const targets = [MessageEvent, CloseEvent, EventTarget, Event, WebSocket, WebSocketPair, Map, ArrayBuffer, String,
          Object.getPrototypeOf(Uint8Array), Promise, Array];
        for (let i = 0; i < targets.length; i++) {
          const { prototype } = targets[i], keys = ownKeys(prototype);
          for (let j = 0; j < keys.length; j++) {
            if (!getOwnPropertyDescriptor(prototype, keys[j]).configurable) continue;
            if (keys[j] !== "constructor" && keys[j] !== "addEventListener") hide(prototype, keys[j]);
          }
        }
        const names = ["bubbles", "cancelable", "composed", "data", "ports", "source", "code", "reason", "wasClean", "get", "set", "value",
          "type", "kind", "next", "close", "0", "1", "2"];
        for (let i = 0; i < names.length; i++) { hide(Object.prototype, names[i]); if (i > 15) hide(Array.prototype, names[i]); }
        const interfaces = [MessageEvent, CloseEvent, WebSocket];
        for (let i = 0; i < 3; i++) { setPrototypeOf(interfaces[i], trap("parent")); hide(interfaces[i], "name"); }
        let count = 0;
        server.addEventListener("message", (event) => { count++; send("message " + count); });
        server.addEventListener("close", (event) => { queueMicrotask(() => console.log("closed")); });
        const init = Object.create(null);
        init.status = 101; init.webSocket = client;
        return new Response(null, init);
      } };`,
  });
  guest.request();
  guest.enter(GuestEvent.SOCKET_MESSAGE, 1, "x");
  guest.enter(GuestEvent.SOCKET_MESSAGE, 1, bytesOf("y"));
  guest.enter(GuestEvent.SOCKET_CLOSED, 1, 1000, "", true);
  expect(guest.of(HostOp.THREW)).toEqual([]);
  expect(guest.of(HostOp.SOCKET_THREW)).toEqual([]);
  expect(guest.of(HostOp.SOCKET_SEND).map(({ args }) => args[0])).toEqual(["message 1", "message 2"]);
  expect(guest.of(HostOp.LOG).map(({ args }) => args[1])).toEqual(["closed"]);
  expect(guest.of(HostOp.SETTLED).length).toBe(1);
});

test("getters of what a Response with a WebSocket is made of run once each, and decide nothing for the host", async () => {
  using guest = await openGuest({
    app: `exports.default = { fetch() {
        const [client, server] = new WebSocketPair(), other = new WebSocketPair()[0], reads = [];
        const init = { get status() { reads.push("status"); return 101; },
          get webSocket() { reads.push("webSocket"); return reads.length > 3 ? other : client; }, get headers() { reads.push("headers"); return {}; } };
        const response = new Response(null, init);
        Object.defineProperty(response, "status", { value: 200 });
        Object.defineProperty(response, "webSocket", { value: { accept() {} } });
        server.accept();
        server.send(reads.join());
        return response;
      } };`,
  });
  guest.request();
  expect(guest.of(HostOp.UPGRADE).length).toBe(1);
  expect(guest.of(HostOp.SOCKET_SEND).map(({ args }) => args[0])).toEqual(["headers,status,webSocket"]);
});

test("no WebSocket can be made or connected but by a pair, and its parts are not on it", async () => {
  using guest = await openGuest();
  expect(
    guest.evaluate(`(() => {
      const outcomes = [];
      for (const attack of [
        () => new WebSocket(Symbol(), {}),
        () => Reflect.construct(WebSocket, [{}, { target: null }]),
        () => new Response(null, { status: 101, webSocket: Object.create(WebSocket.prototype) }),
        () => WebSocket.prototype.send.call(new EventTarget(), "x"),
        () => WebSocket.prototype.accept.call({}),
      ]) { try { attack(); outcomes.push("done"); } catch (e) { outcomes.push(e.name); } }
      const [socket] = new WebSocketPair();
      outcomes.push(Reflect.ownKeys(socket).length);
      socket.accept();
      socket.dispatchEvent(new MessageEvent("message", { data: "forged" }));
      return outcomes;
    })()`),
  ).toEqual(["TypeError", "SyntaxError", "TypeError", "TypeError", "TypeError", 0]);
  expect(guest.of(HostOp.SOCKET_SEND)).toEqual([]);
});

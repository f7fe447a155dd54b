/** WebAssembly as tenant code finds it, and what it can do to it at init. */
import { describe, expect, test } from "vitest";
import { GuestEvent } from "../src/boundary.ts";
import { bytesOf, type Guest, openGuest } from "./harness.ts";

/** `(module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))` */
const ADD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100, 100, 0, 0, 10, 9, 1,
  7, 0, 32, 0, 32, 1, 106, 11,
];
const CASES = ["snapshot", "source"] as const;

const { WebAssembly: hostWasm } = globalThis as unknown as {
  WebAssembly: { Module: new (bytes: Uint8Array) => object };
};
const compile = (bytes: readonly number[]): object => new hostWasm.Module(new Uint8Array(bytes));

/** Runs the body of a handler and answers what it returned. */
async function run(handler: string, options: { app?: string; from?: (typeof CASES)[number] } = {}): Promise<unknown> {
  using guest = await openGuest({
    from: options.from ?? "snapshot",
    app: `const bytes = new Uint8Array(${JSON.stringify(ADD)});
      ${options.app ?? ""}
      exports.default = { async fetch() { return Response.json(await (async () => { ${handler} })()); } };`,
  });
  guest.request();
  return answerOf(guest);
}

function answerOf(guest: Guest): unknown {
  return JSON.parse(guest.answer().body);
}

describe.each(CASES)("from %s", (from) => {
  test("a module that the host hands in is one of this context, and is used as any other", async () => {
    using guest = await openGuest({
      from,
      script: `__nano_app__(function (env, takeWasm) {
        let module;
        takeWasm(0, (given) => { module = given; });
        return { default: { async fetch() {
          const made = await WebAssembly.instantiate(module, {});
          return Response.json([
            module instanceof WebAssembly.Module,
            Object.getPrototypeOf(module) === WebAssembly.Module.prototype,
            new WebAssembly.Instance(module, {}).exports.add(1, 2),
            made instanceof WebAssembly.Instance,
            made.exports.add(3, 4),
            WebAssembly.Module.exports(module).map((entry) => entry.name),
          ]);
        } } };
      });`,
    });
    guest.enter(GuestEvent.WASM_MODULE, 0, compile(ADD));
    guest.request();
    expect(answerOf(guest)).toEqual([true, true, 3, true, 7, ["add"]]);
  });

  test("bytes are compiled by each form, and validated", async () => {
    expect(
      await run(
        `const both = await WebAssembly.instantiate(bytes.buffer);
        const compiled = await WebAssembly.compile(bytes);
        const outcomes = [];
        for (const source of [undefined, {}, "x", Object.create(WebAssembly.Module.prototype), new Uint8Array(4)]) {
          outcomes.push(await WebAssembly.instantiate(source).catch((e) => e.name));
        }
        return [Object.keys(both), both.instance.exports.add(1, 2), compiled instanceof WebAssembly.Module,
          WebAssembly.validate(bytes), WebAssembly.validate(new Uint8Array(4)), outcomes,
          WebAssembly.instantiate.length, WebAssembly.compile.name];`,
        { from },
      ),
    ).toEqual([
      ["module", "instance"],
      3,
      true,
      true,
      false,
      ["TypeError", "TypeError", "TypeError", "TypeError", "CompileError"],
      1,
      "compile",
    ]);
  });

  test("missing imports reject with a LinkError or TypeError, and do not throw", async () => {
    // (module (import "m" "f" (func)))
    const importing = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 109, 1, 102, 0, 0];
    expect(
      await run(
        `const importing = new Uint8Array(${JSON.stringify(importing)});
        return [await WebAssembly.instantiate(importing).catch((e) => e.name),
          await WebAssembly.instantiate(importing, { m: {} }).catch((e) => e.name),
          (await WebAssembly.instantiate(importing, { m: { f() {} } })).instance instanceof WebAssembly.Instance];`,
        { from },
      ),
    ).toEqual(["TypeError", "LinkError", true]);
  });

  test("no buffer of a shared memory can be reached", async () => {
    expect(
      await run(
        `const shared = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
        const own = new WebAssembly.Memory({ initial: 1, maximum: 2 });
        const reach = (memory) => [() => memory.buffer, () => memory.toResizableBuffer?.(), () => memory.toFixedLengthBuffer?.()]
          .map((get) => { try { return get()?.constructor.name ?? "TypeError"; } catch (e) { return e.name; } });
        const { get } = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, "buffer");
        return [reach(shared), own.buffer.byteLength, (() => { try { return get.call(shared); } catch (e) { return e.name; } })()];`,
        { from },
      ),
    ).toEqual([["TypeError", "TypeError", "TypeError"], 65536, "TypeError"]);
  });

  test("an app's own WebAssembly is left as the app made it", async () => {
    expect(
      await run(`return [WebAssembly.mine, Object.keys(WebAssembly)];`, {
        from,
        app: `globalThis.WebAssembly = { mine: 1 };`,
      }),
    ).toEqual([1, ["mine"]]);
    expect(
      await run(`return [typeof WebAssembly];`, {
        from,
        app: `Object.defineProperty(globalThis, "WebAssembly", { value: 5, configurable: false });`,
      }),
    ).toEqual(["number"]);
  });

  test("an app that patched what is used to limit it finds it limited", async () => {
    expect(
      await run(
        `let shared;
        try { shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer.constructor.name; }
        catch (e) { shared = e.constructor.name; }
        const { instance } = await WebAssembly.instantiate(bytes);
        return [shared, instance.exports.add(1, 2), seen];`,
        {
          from,
          app: `const seen = [];
            const spy = (name, original) => function (...args) {
              for (const arg of args) if (arg?.[Symbol.toStringTag] === "WebAssembly") seen.push(name);
              return original.apply(this, args);
            };
            const { call, bind } = Function.prototype;
            Object.defineProperty = spy("defineProperty", Object.defineProperty);
            Object.getOwnPropertyDescriptor = spy("getOwnPropertyDescriptor", Object.getOwnPropertyDescriptor);
            Reflect.defineProperty = spy("defineProperty", Reflect.defineProperty);
            Reflect.apply = () => { throw new Error("patched"); };
            Function.prototype.call = () => { throw new Error("patched"); };
            Promise.prototype.then = () => { seen.push("then"); };`,
        },
      ),
    ).toEqual(["TypeError", 3, []]);
  });

  test("calling the getter of the global again does not change the namespace again", async () => {
    using guest = await openGuest({ from });
    expect(
      guest.evaluate(`(() => {
        const { get } = Object.getOwnPropertyDescriptor(globalThis, "WebAssembly");
        const first = get();
        const own = first.compile = () => 1;
        return [get() === first, first.compile === own];
      })()`),
    ).toEqual([true, true]);
  });
});

describe("the streaming forms", () => {
  const typed = `(type, status = 200, body = bytes) => new Response(body, { status, headers: type === undefined ? {} : { "content-type": type } })`;

  test("compile a Response, or the promise of one", async () => {
    expect(
      await run(
        `const response = ${typed};
        const module = await WebAssembly.compileStreaming(response("application/wasm"));
        const both = await WebAssembly.instantiateStreaming(Promise.resolve(response("Application/WASM")), {});
        return [module instanceof WebAssembly.Module, Object.keys(both), both.instance.exports.add(2, 3)];`,
      ),
    ).toEqual([true, ["module", "instance"], 5]);
  });

  test("refuse another type, another status, a body that was read, and what is no Response", async () => {
    expect(
      await run(
        `const response = ${typed};
        const used = response("application/wasm"); await used.text();
        const sources = [response("application/wasm; charset=utf-8"), response("text/plain"), response(undefined),
          response("application/wasm", 404), used, bytes, Object.create(Response.prototype), Promise.reject(new RangeError("mine")),
          response("application/wasm", 200, null)];
        return Promise.all(sources.map((source) => WebAssembly.compileStreaming(source).catch((e) => e.name)));`,
      ),
    ).toEqual([...Array.from({ length: 7 }, () => "TypeError"), "RangeError", "CompileError"]);
  });

  test("read a body that arrives in pieces", async () => {
    using guest = await openGuest({
      app: `exports.default = { async fetch(request) {
        const response = new Response(request.body, { headers: { "content-type": "application/wasm" } });
        const { instance } = await WebAssembly.instantiateStreaming(response);
        return Response.json(instance.exports.add(20, 22));
      } };`,
    });
    guest.request({ method: "POST", body: true });
    const bytes = Buffer.from(ADD).toString("latin1");
    guest.enter(GuestEvent.BODY_CHUNK, 1, bytesOf(bytes.slice(0, 10)));
    guest.enter(GuestEvent.BODY_CHUNK, 1, bytesOf(bytes.slice(10)));
    guest.enter(GuestEvent.BODY_END, 1);
    expect(answerOf(guest)).toBe(42);
  });
});

/** What Web IDL asks of every interface of the leaves. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Guest, openGuest } from "./harness.ts";

let guest: Guest;
beforeAll(async () => {
  guest = await openGuest();
});
afterAll(() => guest[Symbol.dispose]());

const INTERFACES: readonly (readonly [name: string, length: number, members: string])[] = [
  [
    "URL",
    1,
    "hash host hostname href origin password pathname port protocol search searchParams toJSON toString username",
  ],
  ["URLSearchParams", 0, "append delete entries forEach get getAll has keys set size sort toString values"],
  ["TextEncoder", 0, "encode encodeInto encoding"],
  ["TextDecoder", 0, "decode encoding fatal ignoreBOM"],
  ["EventTarget", 0, "addEventListener dispatchEvent removeEventListener"],
  ["CustomEvent", 1, "detail initCustomEvent"],
  ["MessageEvent", 1, "data initMessageEvent lastEventId origin ports source"],
  ["ErrorEvent", 1, "colno error filename lineno message"],
  ["PromiseRejectionEvent", 2, "promise reason"],
  ["CloseEvent", 1, "code reason wasClean"],
  ["AbortController", 0, "abort signal"],
  ["AbortSignal", 0, "aborted onabort reason throwIfAborted"],
  ["MessageChannel", 0, "port1 port2"],
  ["MessagePort", 0, "close onclose onmessage onmessageerror postMessage start"],
  ["Blob", 0, "arrayBuffer bytes size slice stream text textStream type"],
  ["File", 2, "lastModified name"],
  [
    "WebSocket",
    1,
    "CLOSED CLOSING CONNECTING OPEN READY_STATE_CLOSED READY_STATE_CLOSING READY_STATE_CONNECTING READY_STATE_OPEN accept " +
      "binaryType bufferedAmount close extensions onclose onerror onmessage onopen protocol readyState send url",
  ],
  ["WebSocketPair", 0, ""],
  ["FormData", 0, "append delete entries forEach get getAll has keys set values"],
  ["Crypto", 0, "getRandomValues randomUUID subtle"],
  [
    "SubtleCrypto",
    0,
    "decrypt deriveBits deriveKey digest encrypt exportKey generateKey importKey sign timingSafeEqual unwrapKey verify wrapKey",
  ],
];

describe("every interface", () => {
  for (const [name, length, members] of INTERFACES) {
    it(`${name} has its members, enumerable, its name, its length and its tag`, () => {
      const shape = guest.evaluate(`({
        name: ${name}.name,
        length: ${name}.length,
        tag: ${name}.prototype[Symbol.toStringTag],
        members: Object.keys(${name}.prototype).sort().join(" "),
      })`);
      expect(shape).toEqual({ name, length, tag: name, members });
    });

    it(`${name} is constructed only with new, and its members refuse other objects`, () => {
      const wrong = guest.evaluate(`(() => {
        const wrong = [];
        try { ${name}(); wrong.push("call"); } catch (e) { if (!(e instanceof TypeError)) wrong.push("call: " + e); }
        for (const key of Object.keys(${name}.prototype)) {
          if (typeof Object.getOwnPropertyDescriptor(${name}.prototype, key).value === "number") continue;
          const { get, value } = Object.getOwnPropertyDescriptor(${name}.prototype, key);
          const results = [];
          try {
            const result = (get ?? value).call({}, "a", "b", "c");
            if (result instanceof Promise) result.catch(() => {});
            else wrong.push(key);
          } catch (e) { if (!(e instanceof TypeError)) wrong.push(key + ": " + e); }
        }
        return wrong.join(" ");
      })()`);
      expect(wrong).toBe("");
    });
  }

  it("is not enumerable on the global, where operations are", () => {
    expect(
      guest.evaluate(`["URL", "Blob", "atob", "structuredClone", "crypto"].map(
        (name) => globalThis[name] && Object.getOwnPropertyDescriptor(globalThis, name).enumerable)`),
    ).toEqual([false, false, true, true, true]);
  });

  it("works after tenant code has patched what it can", async () => {
    using patched = await openGuest({
      script: `
        const prototypes = [Array.prototype, String.prototype, Map.prototype, Set.prototype, WeakMap.prototype,
            Object.getPrototypeOf(Uint8Array.prototype), ArrayBuffer.prototype, RegExp.prototype, Function.prototype];
        const { ownKeys, getOwnPropertyDescriptor, defineProperty } = Reflect;
        for (let i = 0; i < prototypes.length; i++) {
          const keys = ownKeys(prototypes[i]);
          for (let j = 0; j < keys.length; j++) {
            const key = keys[j];
            const descriptor = getOwnPropertyDescriptor(prototypes[i], key);
            if (key === "constructor" || !descriptor.configurable || typeof descriptor.value !== "function") continue;
            const value = () => { throw "patched " + i + (typeof key === "string" ? key : "iterator"); };
            defineProperty(prototypes[i], key, { value, configurable: true });
          }
        }
        __nano_app__(() => ({ default: { fetch() {} } }));`,
    });
    expect(
      patched.evaluate(`(() => {
        const params = new URLSearchParams("a=%41+b");
        params.append("c", "ü");
        const url = new URL("/p?q=1", "http://a.test");
        url.searchParams.set("q", "2");
        let count = 0;
        const controller = new AbortController();
        controller.signal.addEventListener("abort", () => { count++; });
        controller.abort();
        const clone = structuredClone({ list: [1, { a: new Date(5) }], map: new Map() });
        const form = new FormData();
        form.append("a", new Blob());
        return "" + params + " " + url + " " + count + " " + clone.list[1].a.getTime() + " " + btoa("abc") + atob("eA==") +
          new TextDecoder().decode(new TextEncoder().encode("€")) + form.get("a").name;
      })()`),
    ).toBe("a=A+b&c=%C3%BC http://a.test/p?q=2 1 5 YWJjx€blob");
  });
});

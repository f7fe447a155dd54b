/** Top levels that change what all code stands on: they may break their own app, never the platform. */
import { expect } from "vitest";
import type { InitCase, InitCases } from "../init-case.ts";

const NOT_RESTORED = /heap: it does not restore: the process ended by SIG/;
const LOCKED = /heap: it does not restore: .*the app locked it: leave Promise, Map\.prototype and globalThis open/;
/** What locks, so that the engine cannot set up a restored realm, or goes through all the same. */
const LOCKS: readonly (readonly [string, string])[] = [
  ["Promise, frozen", "Object.freeze(Promise); Object.freeze(Promise.prototype);"],
  ["Map.prototype, frozen", "Object.freeze(Map.prototype);"],
  ["the global object, frozen", "Object.freeze(globalThis);"],
  ["the global object, sealed", "Object.seal(globalThis);"],
  ["the global object, closed to additions", "Object.preventExtensions(globalThis);"],
];

/** Patches of what everything calls, each of which keeps its own app going. */
const PATCHES: readonly (readonly [string, string])[] = [
  [
    "Array.prototype[Symbol.iterator], redefined",
    "Array.prototype[Symbol.iterator] = function* () { throw new Error('patched iterator'); };",
  ],
  ["the array iterator's next, redefined", "Object.getPrototypeOf([].values()).next = () => ({ done: true });"],
  [
    "Function.prototype.call, apply and bind, redefined",
    "for (const name of ['call', 'apply', 'bind']) Function.prototype[name] = () => { throw new Error('patched ' + name); };",
  ],
  ["Reflect, emptied", "for (const name of Reflect.ownKeys(Reflect)) delete Reflect[name];"],
  [
    "Object's own methods, redefined",
    "for (const name of ['defineProperty', 'freeze', 'create', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'setPrototypeOf']) Object[name] = () => { throw new Error('patched ' + name); };",
  ],
  [
    "Array.prototype's methods, redefined",
    "for (const name of ['push', 'join', 'slice', 'shift', 'splice', 'map', 'concat']) Array.prototype[name] = () => { throw new Error('patched ' + name); };",
  ],
  [
    "String.prototype's methods, redefined",
    "for (const name of ['slice', 'indexOf', 'toLowerCase', 'charCodeAt', 'split', 'trim']) String.prototype[name] = () => { throw new Error('patched ' + name); };",
  ],
  [
    "Map.prototype's methods, redefined",
    "for (const name of ['get', 'set', 'delete', 'forEach', 'has']) Map.prototype[name] = () => { throw new Error('patched ' + name); };",
  ],
  [
    "Promise.prototype.then, redefined",
    "const realThen = Promise.prototype.then; let calls = 0; Promise.prototype.then = function (...given) { calls += 1; return realThen.apply(this, given); };",
  ],
  [
    "Promise's own methods and its species, redefined",
    "for (const name of ['resolve', 'reject', 'all']) Promise[name] = () => { throw new Error('patched ' + name); }; Object.defineProperty(Promise, Symbol.species, { get() { throw new Error('species'); } });",
  ],
  [
    "setters on Object.prototype",
    "let heard = 0; for (const name of ['value', 'get', 'set', 'status', 'headers', 'body', 'then', 'result', 'reference', 'copy', 'timeout', 'arguments', 'enumerable', 'configurable', 'writable', 'enter', 'call', '0', '1']) Object.defineProperty(Object.prototype, name, { __proto__: null, set() { heard += 1; }, get: () => undefined, configurable: true });",
  ],
  [
    "values on Object.prototype",
    "Object.prototype.get = undefined; Object.prototype.timeout = 1; Object.prototype.copy = true; Object.prototype.extra = 'x'; Object.prototype.toJSON = undefined;",
  ],
  [
    "TypedArray.prototype's getters and ArrayBuffer's methods, redefined",
    "const typed = Object.getPrototypeOf(Uint8Array.prototype); Object.defineProperty(typed, 'buffer', { get: () => new ArrayBuffer(0) }); Object.defineProperty(typed, 'byteLength', { get: () => 5e8 }); typed.set = () => {}; ArrayBuffer.prototype.slice = () => null; ArrayBuffer.isView = () => true;",
  ],
  [
    "globals of the platform, deleted",
    "for (const name of ['setTimeout', 'URL', 'Headers', 'Request', 'crypto', 'TextEncoder', 'console', 'AbortController', 'ReadableStream', 'DOMException', 'queueMicrotask']) delete globalThis[name];",
  ],
  [
    "constructors of the language, deleted",
    "for (const name of ['Map', 'Set', 'WeakMap', 'Error', 'TypeError', 'RangeError', 'Date', 'Number', 'String', 'ArrayBuffer', 'Symbol', 'RegExp', 'Math']) delete globalThis[name];",
  ],
  [
    "the prototype of the global object, emptied",
    "try { Object.setPrototypeOf(globalThis, null); } catch {} const proto = Object.getPrototypeOf(globalThis); if (proto !== null) for (const name of Reflect.ownKeys(proto)) { try { delete proto[name]; } catch {} }",
  ],
];

const HANDLER = `export default { fetch(request) { return new Response('{"asked":"' + request.method + '"}', { headers: { "content-type": "application/json" } }); } };`;

function lockCase([name, top]: readonly [string, string]): InitCase {
  return {
    name,
    top,
    handler: HANDLER,
    expected: { asked: "GET" },
    reaches: "bytecode",
    reason: LOCKED,
  };
}

/** As a script: the bundler's own helpers would run into the patch before the platform does. */
function patchCase([name, patch]: readonly [string, string]): InitCase {
  const script = `__nano_app__(function () { "use strict"; ${patch}\n${HANDLER.replace("export default", "return { default:").replace(/;$/, " };")} });`;
  return { name, top: "", script, expected: { asked: "GET" } };
}

export const patchedCases: InitCases = {
  subject: "changes to what all stands on",
  cases: [
    ...LOCKS.map(lockCase),
    ...PATCHES.map(patchCase),
    {
      name: "everything in reach, frozen",
      top: `const seen = new Set(); const walk = (value) => { if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return; seen.add(value); for (const key of Reflect.ownKeys(value)) { const found = Object.getOwnPropertyDescriptor(value, key); if ("value" in found) walk(found.value); } }; walk(globalThis); for (const value of seen) { try { Object.freeze(value); } catch {} }`,
      handler: HANDLER,
      expected: { asked: "GET" },
      reaches: "bytecode",
      reason: LOCKED,
    },
    {
      name: "a limit of stacks that is locked",
      top: `Object.defineProperty(Error, "stackTraceLimit", { value: 0, writable: false, configurable: false });`,
      answer: "[Error.stackTraceLimit, new Error('x').stack]",
      expected: [0, "Error: x"],
      // Whether the engine notices rests on how it keeps the members of Error.
      reaches: ["heap", "bytecode"],
      reason: NOT_RESTORED,
    },
    {
      name: "the global Uint8Array, replaced",
      top: `globalThis.Uint8Array = class Fake {};`,
      handler: HANDLER,
      expected: { asked: "GET" },
      reaches: ["heap", "bytecode"],
      reason: NOT_RESTORED,
    },
    {
      name: "JSON, redefined",
      top: `JSON.stringify = () => "forged"; JSON.parse = () => ({ forged: true });`,
      answer: "1",
      expected: expect.anything(),
    },
    {
      name: "Response, redefined for the app alone",
      top: `const Real = Response; globalThis.Response = class Own extends Real { constructor(body) { super("own " + body); } };`,
      handler: `export default { fetch: () => new Response("body") };`,
      expected: "own body",
    },
    {
      name: "an attack on the names of the host",
      top: `const outcomes = []; for (const attack of [() => { globalThis.__nano_attach__ = () => {}; }, () => { delete globalThis.__nano_attach__; }, () => __nano_attach__("guess", () => {}, "{}", true), () => __nano_app__(() => ({ default: { fetch: () => 1 } }))]) { try { outcomes.push(typeof attack()); } catch (error) { outcomes.push(error.constructor.name); } }`,
      answer: "outcomes",
      expected: ["TypeError", "TypeError", "undefined", "ReferenceError"],
    },
    {
      name: "a replacement of timers by fakes",
      top: `let faked = 0; globalThis.setTimeout = (callback) => { faked += 1; callback(); }; await new Promise((resolve) => setTimeout(resolve, 1e9));`,
      answer: "faked",
      expected: 1,
    },
    {
      name: "a getter on the global that throws",
      top: `Object.defineProperty(globalThis, "trap", { get() { throw new Error("trapped"); }, enumerable: true, configurable: true });`,
      expected: 1,
    },
    {
      name: "a locked Intl, WebAssembly and Temporal",
      top: `for (const name of ["Intl", "WebAssembly", "Temporal", "SharedArrayBuffer"]) Object.defineProperty(globalThis, name, { value: "mine", writable: false, configurable: false });`,
      answer: "[Intl, WebAssembly, Temporal, SharedArrayBuffer]",
      expected: ["mine", "mine", "mine", "mine"],
      reaches: ["heap", "bytecode"],
      reason: NOT_RESTORED,
    },
  ],
};

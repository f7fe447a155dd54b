/**
 * What stands around a top level in its first run: it notes random values, clock reads, absent environment names and refused fetches with
 * where they were asked for, since every restore will share what they gave; whether WebAssembly was looked at, which is not there in the
 * second run; and now and then where the host is asked, for a top level that asks too much. In the first run only; it changes no answer.
 */
import { ATTACH_GLOBAL, DEFINE_APP_GLOBAL, HostOp } from "@nano/web-api/boundary";

/** Frames of a note: the platform's own come first. */
const NOTE_FRAMES = 12;

/** A closure for isolated-vm: `$0` the host's callback, `$1` the attach secret, `$2` the variables. Answers `enter`. */
export const OBSERVED_ATTACH = `
const [host, secret, envJson] = [$0, $1, $2];
const { Error } = globalThis;
const defineLimit = Reflect.defineProperty, limitOf = Reflect.getOwnPropertyDescriptor, dropLimit = Reflect.deleteProperty;
const note = (kind, what) => {
  // The app may have another limit, and below a call of an object of Intl there are no stacks (web-api's deferred.ts).
  const limit = limitOf(Error, "stackTraceLimit");
  defineLimit(Error, "stackTraceLimit", { __proto__: null, value: ${NOTE_FRAMES}, writable: true, enumerable: true, configurable: true });
  const { stack } = new Error();
  if (limit === undefined) dropLimit(Error, "stackTraceLimit");
  else defineLimit(Error, "stackTraceLimit", { __proto__: null, ...limit });
  host(${HostOp.INIT_NOTE}, 0, kind, what, stack);
};
const define = (target, name, value) => Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
const drawn = {
  [${HostOp.RANDOM_BYTES}]: ["random", "crypto.getRandomValues()"],
  [${HostOp.RANDOM_UUID}]: ["random", "crypto.randomUUID()"],
};
let asked = 0;
const op = (code, id, a, b, c, d) => {
  if (code === ${HostOp.CLOCK_READ}) return note("clock", a);
  asked++;
  // At powers of two: a stack costs as much as twenty calls.
  if ((asked & (asked - 1)) === 0) note("asked", "");
  if (code === ${HostOp.FETCH_START}) note("fetch", b);
  if (code === ${HostOp.DIAL}) note("fetch", a);
  const draw = drawn[code];
  if (draw !== undefined) note(draw[0], draw[1]);
  return host(code, id, a, b, c, d);
};

const realRandom = Math.random;
define(Math, "random", function random() { note("random", "Math.random()"); return realRandom(); });

const wasm = Object.getOwnPropertyDescriptor(globalThis, "WebAssembly");
Object.defineProperty(globalThis, "WebAssembly", {
  get() {
    note("wasm", "WebAssembly");
    Object.defineProperty(globalThis, "WebAssembly", wasm);
    return globalThis.WebAssembly;
  },
  set(value) { define(globalThis, "WebAssembly", value); },
  configurable: true, enumerable: false,
});

const defineApp = globalThis.${DEFINE_APP_GLOBAL};
Object.defineProperty(globalThis, "${DEFINE_APP_GLOBAL}", {
  value: (factory) => defineApp((env, ...parts) => factory(new Proxy(env, {
    get(target, name, receiver) {
      if (typeof name === "string" && !(name in target)) note("env", name);
      return Reflect.get(target, name, receiver);
    },
  }), ...parts)),
  writable: false, configurable: true, enumerable: false,
});
return ${ATTACH_GLOBAL}(secret, op, envJson, true);
`;

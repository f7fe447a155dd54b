/**
 * What stands around a top level in its first run: it notes random values, clock reads, absent environment names and refused fetches with
 * where they were asked for, since every restore will share what they gave; whether WebAssembly was looked at, which is not there in the
 * second run; and now and then where the host is asked, for a top level that asks too much. In the first run only; it changes no answer.
 */
import { ATTACH_GLOBAL, DEFINE_APP_GLOBAL, HostOp } from "@nano/web-api/boundary";

/** A closure for isolated-vm: `$0` the host's callback, `$1` the attach secret, `$2` the variables. Answers `enter`. */
export const OBSERVED_ATTACH = `
const [host, secret, envJson] = [$0, $1, $2];
const { Error } = globalThis;
const note = (kind, what) => { host(${HostOp.INIT_NOTE}, 0, kind, what, new Error().stack); };
const define = (target, name, value) => Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
const drawn = {
  [${HostOp.RANDOM_BYTES}]: ["random", "crypto.getRandomValues()"],
  [${HostOp.RANDOM_UUID}]: ["random", "crypto.randomUUID()"],
  [${HostOp.NOW}]: ["clock", "performance.now()"],
};
let asked = 0;
const op = (code, id, a, b, c, d) => {
  asked++;
  // At powers of two: a stack costs as much as twenty calls.
  if ((asked & (asked - 1)) === 0) note("asked", "");
  if (code === ${HostOp.FETCH_START}) note("fetch", b);
  const draw = drawn[code];
  if (draw !== undefined) note(draw[0], draw[1]);
  return host(code, id, a, b, c, d);
};

const realRandom = Math.random;
define(Math, "random", function random() { note("random", "Math.random()"); return realRandom(); });

const RealDate = Date;
const realNow = RealDate.now;
const construct = Reflect.construct, apply = Reflect.apply;
const ObservedDate = new Proxy(RealDate, {
  construct(target, args, newTarget) {
    if (args.length === 0) note("clock", "new Date()");
    return construct(target, args, newTarget === ObservedDate ? target : newTarget);
  },
  apply(target, self, args) { note("clock", "Date()"); return apply(target, self, args); },
});
define(RealDate, "now", function now() { note("clock", "Date.now()"); return realNow(); });
define(RealDate.prototype, "constructor", ObservedDate);
define(globalThis, "Date", ObservedDate);

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
  value: (factory) => defineApp((env, takeWasm, nodeHost) => factory(new Proxy(env, {
    get(target, name, receiver) {
      if (typeof name === "string" && !(name in target)) note("env", name);
      return Reflect.get(target, name, receiver);
    },
  }), takeWasm, nodeHost)),
  writable: false, configurable: true, enumerable: false,
});
return ${ATTACH_GLOBAL}(secret, op, envJson, true);
`;

/**
 * The second run of a top level, in `createSnapshot`, which has no host: scripts around the app's own that answer from the record of
 * the first run, and fire the timers that fired there.
 *
 * I1 A run that asks for something else, or for less, throws out of `createSnapshot`, in words: no heap is made of it.
 * I2 What the scripts share is bound to a name with the attach secret in it, which the app cannot know, and is let go of at the end.
 * I3 What runs after tenant code looks up nothing that it can change: built-ins are taken before.
 */
import { ATTACH_GLOBAL, GuestEvent, HostOp } from "@nano/web-api/boundary";
import { createCallDescriber, type InitRecord, type RecordedCall, SECRET_CALLS } from "./init-record.ts";

/**
 * In place of WebAssembly, which `createSnapshot` lacks: a top level that only looks whether it is there, or keeps the namespace, finds it as in
 * the first run, and afterwards by it the engine's. One that uses it throws. The app is handed the getters: their text tells nothing.
 */
const WASM_STAND_IN = `(() => {
  const scope = globalThis, define = Object.defineProperty, drop = Reflect.deleteProperty, Refused = ReferenceError;
  const standIn = {};
  for (const name of ["Module", "Instance", "Memory", "Table", "Global", "Tag", "JSTag", "Exception", "CompileError", "LinkError", "RuntimeError",
    "compile", "instantiate", "validate", "compileStreaming", "instantiateStreaming"]) {
    define(standIn, name, {
      get() {
        const wasm = scope.WebAssembly;
        if (wasm === standIn || wasm === undefined) throw new Refused("WebAssembly." + name + " is not defined while a heap is made");
        return wasm[name];
      },
      configurable: true, enumerable: false,
    });
  }
  define(standIn, Symbol.toStringTag, { value: "WebAssembly", configurable: true });
  define(scope, "WebAssembly", { value: standIn, writable: true, configurable: true, enumerable: false });
  return () => scope.WebAssembly !== standIn || drop(scope, "WebAssembly");
})()`;

export interface ReplayScripts {
  /** Between the web-api and the app's script. */
  readonly before: readonly string[];
  /** After the app's script: microtasks run between them, as between entries. */
  readonly after: readonly string[];
}

export function replayScripts(record: InitRecord, options: { attachSecret: string; envJson: string }): ReplayScripts {
  const name = `__nano_replay_${options.attachSecret}`;
  const enter = (event: number, id: number, a = ""): string => `${name}.enter(${event}, ${id}${a});`;
  const attach = `${ATTACH_GLOBAL}(${JSON.stringify(options.attachSecret)}, op, ${JSON.stringify(options.envJson)}, true)`;
  const before = `let ${name} = (() => {
  const calls = [${record.calls.map(callSource).join()}];
  const describeCall = (${createCallDescriber.toString()})(${SECRET_CALLS.join()});
  const charCodeAt = Function.prototype.call.bind(String.prototype.charCodeAt);
  const Buffer = ArrayBuffer, Bytes = Uint8Array, Failure = Error;
  const bytesOf = (text) => {
    const buffer = new Buffer(text.length);
    const bytes = new Bytes(buffer);
    for (let i = 0; i < text.length; i++) bytes[i] = charCodeAt(text, i);
    return buffer;
  };
  let at = 0;
  let problem = "";
  const op = (code, id, a, b, c, d) => {
    if (code === ${HostOp.LOG} || code === ${HostOp.CLOCK_READ}) return undefined;
    if (code === ${HostOp.INIT_STATE}) {
      if (a !== "done" && problem === "") problem = "its second run did not get to its end" + (c ? ": " + c : "");
      return undefined;
    }
    const call = describeCall([code, id, a, b, c, d]);
    const known = at < calls.length ? calls[at] : undefined;
    if (known === undefined || known[0] !== call) {
      if (problem === "") problem = "its second run asked for something else than its first, so it depends on chance or time (call " + (at + 1) +
        " was " + (known === undefined ? "none" : known[0]) + ", then " + call + ")";
      return undefined;
    }
    at++;
    const value = known[1];
    return typeof value === "object" && value !== null ? bytesOf(value.bytes) : value;
  };
  const enter = ${attach};
  const endWasm = ${record.usesWasm ? WASM_STAND_IN : "() => true"};
  return {
    enter,
    endWasm() { if (!endWasm() && problem === "") problem = "its top level locks WebAssembly, which is not there while a heap is made"; },
    end() {
      if (problem === "" && at !== calls.length) problem = "its second run asked for less than its first";
      if (problem !== "") throw new Failure(problem);
    },
  };
})();`;
  const end = `${enter(GuestEvent.INIT_STATE, 0)}
${name}.endWasm();
${enter(GuestEvent.INIT_END, record.timersLeft, ", true")}
{
  const { end } = ${name};
  ${name} = undefined;
  end();
}`;
  return {
    before: [before],
    after: [...record.steps.map((timer) => enter(GuestEvent.TIMER, timer)), end],
  };
}

/** Every element its own: what is absent in an object or a list is looked for in prototypes. */
function callSource({ call, value }: RecordedCall): string {
  return `[${JSON.stringify(call)}, ${value === undefined ? "undefined" : JSON.stringify(value)}]`;
}

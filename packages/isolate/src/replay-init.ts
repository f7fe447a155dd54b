/**
 * The second run of a top level, in `createSnapshot`, which has no host: scripts around the app's own that answer from the record of
 * the first run, and fire the timers that fired there.
 *
 * I1 A run that asks for something else, or for less, throws out of `createSnapshot`, in words: no heap is made of it.
 * I2 What the scripts share is bound to a name with the attach secret in it, which the app cannot know, and is let go of at the end.
 */
import { ATTACH_GLOBAL, GuestEvent, HostOp } from "@nano/web-api/boundary";
import { describeCall, type InitRecord } from "./init-record.ts";

/**
 * In place of WebAssembly, which `createSnapshot` lacks: a top level that only looks whether it is there, or keeps the namespace, finds it as in
 * the first run, and afterwards by it the engine's. One that uses it throws.
 */
const WASM_STAND_IN = `{
  const standIn = {};
  for (const name of ["Module", "Instance", "Memory", "Table", "Global", "Tag", "JSTag", "Exception", "CompileError", "LinkError", "RuntimeError",
    "compile", "instantiate", "validate", "compileStreaming", "instantiateStreaming"]) {
    Object.defineProperty(standIn, name, {
      get() {
        const wasm = globalThis.WebAssembly;
        if (wasm === standIn || wasm === undefined) throw new ReferenceError("WebAssembly." + name + " is not defined while a heap is made");
        return wasm[name];
      },
      configurable: true, enumerable: false,
    });
  }
  Object.defineProperty(standIn, Symbol.toStringTag, { value: "WebAssembly", configurable: true });
  Object.defineProperty(standIn, "isStandIn", { value: standIn, configurable: true });
  Object.defineProperty(globalThis, "WebAssembly", { value: standIn, writable: true, configurable: true, enumerable: false });
}`;
const WASM_STAND_IN_END = `{
  const wasm = globalThis.WebAssembly;
  if (wasm !== undefined && wasm !== null && wasm.isStandIn === wasm) {
    delete wasm.isStandIn;
    delete globalThis.WebAssembly;
  }
}`;

export interface ReplayScripts {
  /** Between the web-api and the app's script. */
  readonly before: readonly string[];
  /** After the app's script: microtasks run between them, as between entries. */
  readonly after: readonly string[];
}

export function replayScripts(record: InitRecord, options: { attachSecret: string; envJson: string }): ReplayScripts {
  const name = `__nano_replay_${options.attachSecret}`;
  const enter = (event: number, id: number): string => `${name}.enter(${event}, ${id});`;
  const attach = `${ATTACH_GLOBAL}(${JSON.stringify(options.attachSecret)}, op, ${JSON.stringify(options.envJson)}, true)`;
  const before = `let ${name} = (() => {
  const calls = ${JSON.stringify(record.calls)};
  ${describeCall.toString()}
  const bytesOf = (text) => {
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes.buffer;
  };
  let at = 0;
  let problem = "";
  const op = (code, id, a, b, c, d) => {
    if (code === ${HostOp.LOG}) return undefined;
    if (code === ${HostOp.INIT_STATE}) {
      if (a !== "done" && problem === "") problem = "its second run did not get to its end" + (c ? ": " + c : "");
      return undefined;
    }
    const call = describeCall([code, id, a, b, c, d]);
    const known = calls[at];
    if (known === undefined || known.call !== call) {
      if (problem === "") problem = "its second run asked for something else than its first, so it depends on chance or time (call " + (at + 1) +
        " was " + (known === undefined ? "none" : known.call) + ", then " + call + ")";
      return undefined;
    }
    at++;
    const value = known.value;
    return typeof value === "object" && value !== null ? bytesOf(value.bytes) : value;
  };
  const enter = ${attach};
  return { enter, problem: () => problem !== "" || at === calls.length ? problem : "its second run asked for less than its first" };
})();`;
  const end = `${enter(GuestEvent.INIT_STATE, 0)}
${record.usesWasm ? WASM_STAND_IN_END : ""}
${enter(GuestEvent.INIT_END, record.timersLeft)}
{
  const problem = ${name}.problem();
  ${name} = undefined;
  if (problem !== "") throw new Error(problem);
}`;
  return {
    before: record.usesWasm ? [before, WASM_STAND_IN] : [before],
    after: [...record.steps.map((timer) => enter(GuestEvent.TIMER, timer)), end],
  };
}

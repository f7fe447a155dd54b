/**
 * The floor: what isolated-vm alone takes to restore a snapshot of the same init and to answer the same bytes. Shims stand in for what
 * the app's top level touches, so that it loads; they do nothing. The entry is warmed up as ours is.
 */
import ivm from "isolated-vm";

const MIB = 1024 * 1024;
const DEFAULT_MEMORY_LIMIT_BYTES = 128 * MIB;

const SHIMS = `
globalThis.self = globalThis;
globalThis.console = { log() {}, warn() {}, error() {}, info() {}, debug() {} };
globalThis.process = { env: {} };
globalThis.performance = { now() { return 0; } };
globalThis.queueMicrotask = function (f) { Promise.resolve().then(f); };
globalThis.setTimeout = globalThis.setInterval = globalThis.clearTimeout = globalThis.clearInterval = function () { return 0; };
globalThis.TextEncoder = class { encode(s) { const b = new Uint8Array(s.length); for (let i = 0; i < s.length; i++) b[i] = s.charCodeAt(i); return b; } };
globalThis.MessageChannel = class { constructor() { this.port1 = {}; this.port2 = { postMessage() {} }; } };
for (const name of ["Request", "Response", "Headers", "URL", "URLSearchParams", "TextDecoder", "ReadableStream", "WritableStream",
  "TransformStream", "AbortController", "AbortSignal", "Event", "EventTarget", "Blob", "File", "FormData", "DOMException"]) {
  globalThis[name] = class {};
}
globalThis.crypto = { subtle: {} };
globalThis.fetch = function () {};
globalThis.addEventListener = function () {};
`;

export interface FloorIsolate {
  /** A further context, with callback and entry, in the same isolate. */
  reset(): void;
  dispose(): void;
}

export interface FloorApp {
  readonly snapshotBytes: number;
  restore(): FloorIsolate;
  close(): void;
}

export interface FloorOptions {
  /** @default DEFAULT_MEMORY_LIMIT_BYTES */
  readonly memoryLimitBytes?: number;
}

/** @param body what every answer of the app is */
export function openFloor(script: string, body: string, options: FloorOptions = {}): FloorApp {
  const memoryLimit = Math.round((options.memoryLimitBytes ?? DEFAULT_MEMORY_LIMIT_BYTES) / MIB);
  const entry = `globalThis.__nano_app__ = function (factory) { globalThis.app = factory({}); };
globalThis.attach = function (op) { return function (event, id, method, url, headers) { op(1, id, 200, "", headers, ${JSON.stringify(body)}); }; };`;
  const warmUp = `attach(function () {})(1, 1, "GET", "http://x/", "");`;
  const snapshot = ivm.Isolate.createSnapshot([{ code: SHIMS }, { code: entry }, { code: script }], warmUp);
  const openContext = (isolate: ivm.Isolate, op: ivm.Callback) => {
    const context = isolate.createContextSync();
    const attach = context.global.getSync("attach", { reference: true });
    const enter = attach.applySync(undefined, [op], { result: { reference: true } });
    return { context, enter };
  };
  return {
    snapshotBytes: snapshot.copy().byteLength,
    restore() {
      const isolate = new ivm.Isolate({ snapshot, memoryLimit });
      let answered = "";
      const op = new ivm.Callback(
        (_code: number, _id: number, _status: number, _text: string, _headers: string, text: string) => {
          answered = text;
        },
      );
      const { enter } = openContext(isolate, op);
      enter.applySync(undefined, [1, 1, "GET", "http://floor.localhost/", "host\nfloor.localhost\n"], {
        timeout: 1_000,
      });
      if (answered !== body) throw new Error(`The floor answered ${answered.slice(0, 100)}`);
      return {
        reset() {
          openContext(isolate, op).context.release();
        },
        dispose: () => isolate.dispose(),
      };
    },
    close: () => snapshot.release(),
  };
}

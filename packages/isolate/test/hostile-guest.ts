/**
 * A guest that was taken over: instead of the web-api script, one that hands the host's callback to the code in the request's path.
 * What it does there, no tenant code can; the host withstands it anyway (boundary I4).
 */
import ivm from "isolated-vm";
import type { IsolateSource } from "../src/isolate.ts";
import { SnapshotBlob } from "../src/snapshot-blob.ts";
import { type OpenedIsolate, type OpenIsolateOptions, openIsolate, type RecordingSink } from "./isolate-harness.ts";

const SCRIPT = `
  Object.defineProperty(globalThis, "__nano_attach__", { value(secret, op) {
    if (secret === "refuse") return 5;
    if (secret !== "let me in") return undefined;
    const say = (value) => op(11, 0, "info", value instanceof ArrayBuffer ? "bytes " + value.byteLength : String(value));
    globalThis.onEvent = () => {};
    return (event, id, a, b, c, d) => {
      if (event !== 1) { globalThis.onEvent(event, id, a, b, c, d); return; }
      new Function("op", "id", "say", b.slice("http://subject.test".length))(op, id, say);
    };
  } });`;

let snapshot: ArrayBuffer | undefined;

export function hostileSource(attachSecret = "let me in"): IsolateSource {
  snapshot ??= ivm.Isolate.createSnapshot([{ code: SCRIPT }]).copy();
  return { rung: "heap", blob: new SnapshotBlob(snapshot.slice(0)), attachSecret };
}

export interface HostileGuest extends OpenedIsolate {
  /** Runs code in a request of its own, and answers what it said. */
  run(code: string): { said: string[]; sink: RecordingSink };
}

export function openHostileGuest(options: OpenIsolateOptions = {}): HostileGuest {
  const opened = openIsolate("", { source: hostileSource(), ...options });
  return {
    ...opened,
    run(code) {
      const before = opened.host.logs.length;
      const { sink } = opened.start({ path: code });
      return { said: opened.host.logs.slice(before).map(({ text }) => text), sink };
    },
  };
}

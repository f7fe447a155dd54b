/** isolated-vm alone, on the snapshot of a sliver: what an isolate and its contexts take that nobody attaches, asks or counts. */
import { openUnpackedSliver } from "@nano/sliver/unpacked-sliver";
import ivm from "isolated-vm";

const MIB = 1024 * 1024;

export class BareIsolate {
  readonly #isolate: ivm.Isolate;
  readonly #snapshot: ivm.ExternalCopy<ArrayBuffer>;
  readonly #contexts: ivm.Context[] = [];

  /** Reads a snapshot of its own. */
  constructor(sliverPath: string, memoryLimitBytes: number) {
    const snapshot = openUnpackedSliver(sliverPath).readSnapshot();
    if (snapshot === null) throw new Error(`${sliverPath} has no snapshot`);
    this.#snapshot = new ivm.ExternalCopy(snapshot, { transferOut: true });
    this.#isolate = new ivm.Isolate({ snapshot: this.#snapshot, memoryLimit: Math.round(memoryLimitBytes / MIB) });
  }

  openContext(): void {
    this.#contexts.push(this.#isolate.createContextSync());
  }

  /** So many contexts, one after the other, garbage collected as V8 sees fit. Answers milliseconds. */
  makeAndRelease(count: number): number {
    const startMs = performance.now();
    for (let i = 0; i < count; i++) this.#isolate.createContextSync().release();
    return performance.now() - startMs;
  }

  dispose(): void {
    this.#isolate.dispose();
    this.#snapshot.release();
  }
}

/** One heap snapshot in a worker, shared by every isolate restored from it, freed with the last. */
import ivm from "isolated-vm";

export class SnapshotBlob {
  readonly bytes: number;
  #copy: ivm.ExternalCopy<ArrayBuffer> | null;
  #users = 0;
  readonly #onUnused: () => void;

  /**
   * @param snapshot is transferred: the caller's buffer is detached
   * @param onUnused called when the last isolate that used the blob has released it
   */
  constructor(snapshot: ArrayBuffer, onUnused: () => void = () => undefined) {
    this.bytes = snapshot.byteLength;
    this.#copy = new ivm.ExternalCopy(snapshot, { transferOut: true });
    this.#onUnused = onUnused;
  }

  /** @internal Takes a share; give it back by `release`. */
  acquire(): ivm.ExternalCopy<ArrayBuffer> {
    if (this.#copy === null) throw new Error("Snapshot blob was released");
    this.#users += 1;
    return this.#copy;
  }

  /** @internal */
  release(): void {
    this.#users -= 1;
    if (this.#users > 0 || this.#copy === null) return;
    this.#copy.release();
    this.#copy = null;
    this.#onUnused();
  }
}

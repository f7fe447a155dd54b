/**
 * What isolates start from: slivers in the worker's own directory, opened when a version is assigned, their snapshots read when an isolate
 * is restored. One blob per sliver however many isolates use it, gone with the last.
 */
import type { IsolateSource } from "@nano/isolate/isolate";
import { SnapshotBlob } from "@nano/isolate/snapshot-blob";
import type { EngineFingerprint } from "@nano/protocol/brands";
import { openUnpackedSliver, type UnpackedSliver } from "@nano/sliver/unpacked-sliver";

/** One sliver of this worker. */
export class SliverSource {
  readonly #sliver: UnpackedSliver;
  readonly #isOurs: boolean;
  readonly #account: (bytes: number) => void;
  #blob: SnapshotBlob | null = null;

  /** @internal */
  constructor(sliver: UnpackedSliver, isOurs: boolean, account: (bytes: number) => void) {
    this.#sliver = sliver;
    this.#isOurs = isOurs;
    this.#account = account;
  }

  /** Heap that one more context costs, where the builder measured it. */
  get contextBytes(): number | undefined {
    return this.#sliver.manifest.contextBytes;
  }

  /** @throws SLIVER_ENTRY_DAMAGED */
  read(): IsolateSource {
    const { attachSecret } = this.#sliver.manifest;
    if (this.#blob !== null) return { rung: "heap", blob: this.#blob, attachSecret };
    const snapshot = this.#isOurs ? this.#sliver.readSnapshot() : null;
    if (snapshot === null) return { rung: "source", script: this.#sliver.readScript() ?? "" };
    const bytes = snapshot.byteLength;
    const blob = new SnapshotBlob(snapshot, () => {
      this.#blob = null;
      this.#account(-bytes);
    });
    this.#blob = blob;
    this.#account(bytes);
    return { rung: "heap", blob, attachSecret };
  }
}

export class SliverSources {
  readonly #engine: EngineFingerprint;
  #blobBytes = 0;

  /** @param engine this process's own: a snapshot of another engine never reaches V8, its app starts from source */
  constructor(engine: EngineFingerprint) {
    this.#engine = engine;
  }

  /** Snapshots in memory. */
  get blobBytes(): number {
    return this.#blobBytes;
  }

  /** @throws SLIVER_ENTRY_DAMAGED */
  open(path: string): SliverSource {
    const sliver = openUnpackedSliver(path);
    return new SliverSource(sliver, sliver.manifest.fingerprint === this.#engine, (bytes) => {
      this.#blobBytes += bytes;
    });
  }
}

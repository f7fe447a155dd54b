/** What isolates start from, by sliver: one blob per sliver however many isolates use it, read from the worker's own directory. */
import type { IsolateSource } from "@nano/isolate/isolate";
import { SnapshotBlob } from "@nano/isolate/snapshot-blob";
import type { EngineFingerprint } from "@nano/protocol/brands";
import { readUnpackedSliver } from "@nano/sliver/unpacked-sliver";

export interface OpenedSource {
  readonly source: IsolateSource;
  readonly contextBytes: number | undefined;
}

export class SliverSources {
  readonly #engine: EngineFingerprint;
  readonly #live = new Map<string, OpenedSource & { readonly bytes: number }>();
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
  open(path: string): OpenedSource {
    const live = this.#live.get(path);
    if (live !== undefined) return live;
    const sliver = readUnpackedSliver(path);
    const { contextBytes, attachSecret, fingerprint } = sliver.manifest;
    if (sliver.snapshot === null || fingerprint !== this.#engine) {
      return { source: { rung: "source", script: sliver.script ?? "" }, contextBytes };
    }
    const bytes = sliver.snapshot.byteLength;
    const blob = new SnapshotBlob(sliver.snapshot, () => {
      this.#live.delete(path);
      this.#blobBytes -= bytes;
    });
    const opened = { source: { rung: "heap", blob, attachSecret } as const, contextBytes, bytes };
    this.#live.set(path, opened);
    this.#blobBytes += bytes;
    return opened;
  }
}

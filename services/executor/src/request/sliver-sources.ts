/**
 * What isolates start from: slivers in the worker's own directory, opened when a version is assigned, their sections read when an isolate
 * is restored.
 *
 * I1 One blob per digest, however many versions and isolates use it, gone with the last: the links in a worker's directory are named for
 *    their digests, and a sliver that was uploaded may belong to several versions.
 * I2 A rung that failed is not tried again with this sliver: it falls once, is told of once, and serves from the next at once.
 */
import { compileWasm } from "@nano/isolate/compile-wasm";
import type { IsolateSource } from "@nano/isolate/isolate";
import { SnapshotBlob } from "@nano/isolate/snapshot-blob";
import type { EngineFingerprint } from "@nano/protocol/brands";
import { toWireError } from "@nano/protocol/errors";
import type { Rung } from "@nano/protocol/records";
import { openUnpackedSliver, type UnpackedSliver } from "@nano/sliver/unpacked-sliver";
import { errors } from "../errors.ts";
import type { FallReason, FallReport } from "../worker-messages.ts";

/** What a source tells when it falls. */
export type SourceFall = Omit<FallReport, "versionId">;

export interface OpenSliverOptions {
  /** Hears of it when the sliver serves from a lower rung than it has, once. */
  readonly onFall?: (fall: SourceFall) => void;
  /** The supervisor has seen workers die while they restored it. @default false */
  readonly isSourceOnly?: boolean;
}

/** One sliver of this worker, as one version uses it. */
export class SliverSource {
  readonly path: string;
  readonly #sliver: UnpackedSliver;
  readonly #sources: SliverSources;
  readonly #onFall: OpenSliverOptions["onFall"];
  #rung: Rung;
  /** Compiled when the first isolate asks, and handed to all of them. */
  #wasm: readonly WebAssembly.Module[] | null = null;

  /** @internal */
  constructor(sliver: UnpackedSliver, sources: SliverSources, onFall: OpenSliverOptions["onFall"]) {
    this.path = sliver.path;
    this.#sliver = sliver;
    this.#sources = sources;
    this.#onFall = onFall;
    this.#rung = sliver.manifest.rung;
  }

  /** What the next isolate starts from. */
  get rung(): Rung {
    return this.#rung;
  }

  /** Heap that one more context costs, where the builder measured it. */
  get contextBytes(): number | undefined {
    return this.#sliver.manifest.contextBytes;
  }

  /** Serves from source from now on. False: it does already, there is nothing below. */
  fall(reason: FallReason, why: string): boolean {
    const from = this.#rung;
    if (from === "source") return false;
    this.#rung = "source";
    this.#onFall?.({ sliverPath: this.path, from, to: this.#rung, reason, why });
    return true;
  }

  /** Falls where the entry is damaged. @throws SLIVER_ENTRY_DAMAGED, EXEC_SLIVER_REFUSED where the script cannot be had either */
  read(): IsolateSource {
    const wasm = this.#readWasm();
    try {
      if (this.#rung === "heap") return { rung: "heap", ...this.#readHeap(), wasm };
      if (this.#rung === "bytecode") return { rung: "bytecode", ...this.#readBytecode(), ...this.#readHeap(), wasm };
    } catch (thrown) {
      this.fall("damaged", toWireError(thrown).message);
    }
    return { rung: "source", script: this.#readScript(), wasm };
  }

  #readWasm(): readonly WebAssembly.Module[] {
    this.#wasm ??= compileWasm(this.#sliver.readWasm());
    return this.#wasm;
  }

  #readHeap(): { blob: SnapshotBlob; attachSecret: string } {
    const { attachSecret } = this.#sliver.manifest;
    return { blob: this.#sources.blobOf(this.path, () => this.#sliver.readSnapshot()), attachSecret };
  }

  #readBytecode(): { script: string; bytecode: ArrayBuffer } {
    const bytecode = this.#sliver.readBytecode();
    if (bytecode === null) throw this.#lacks("bytecode");
    return { script: this.#readScript(), bytecode };
  }

  #readScript(): string {
    const script = this.#sliver.readScript();
    if (script === null) throw this.#lacks("script");
    return script;
  }

  #lacks(section: string): Error {
    const { versionId } = this.#sliver.manifest;
    return errors.SLIVER_REFUSED({ versionId, why: `it holds no ${section}, build it again` });
  }
}

export class SliverSources {
  readonly #engine: EngineFingerprint;
  /** By path; each as long as an isolate uses it. */
  readonly #blobs = new Map<string, SnapshotBlob>();
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
  open(path: string, { isSourceOnly = false, onFall }: OpenSliverOptions = {}): SliverSource {
    const sliver = openUnpackedSliver(path);
    const source = new SliverSource(sliver, this, onFall);
    const { fingerprint } = sliver.manifest;
    if (fingerprint !== this.#engine) source.fall("fingerprint", `it was made by ${fingerprint}`);
    else if (isSourceOnly) source.fall("worker_deaths", "workers died while they restored it");
    return source;
  }

  /** @internal The blob of a sliver, read where no isolate uses it yet. The caller acquires it before the turn ends. */
  blobOf(path: string, read: () => ArrayBuffer | null): SnapshotBlob {
    const held = this.#blobs.get(path);
    if (held !== undefined) return held;
    const snapshot = read();
    if (snapshot === null) throw errors.SLIVER_REFUSED({ versionId: path, why: "it holds no snapshot" });
    const bytes = snapshot.byteLength;
    const blob = new SnapshotBlob(snapshot, () => {
      this.#blobs.delete(path);
      this.#blobBytes -= bytes;
    });
    this.#blobs.set(path, blob);
    this.#blobBytes += bytes;
    return blob;
  }
}

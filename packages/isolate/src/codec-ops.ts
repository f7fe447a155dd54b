/**
 * Compression that guests ask for (CompressionStream, DecompressionStream), bounded per isolate: in number, in memory, and in jobs off the thread.
 *
 * I1 A codec belongs to a run as a fetch does, and is freed with it, with its context, when the guest closes it, and when it is done or has failed.
 * I2 What a codec holds counts until zlib has given it back, which a running job delays.
 */
import { CODEC_INPUT_BYTES, GuestEvent, HostOp } from "@nano/web-api/boundary";
import { Codec, codecKind } from "./codec.ts";
import type { GuestContext, GuestValue } from "./guest-context.ts";
import type { GuestRun } from "./guest-run.ts";
import type { Refuse } from "./limit-names.ts";

/** Codecs that one isolate may have at once. */
export const MAX_CODECS = 32;
/** What the codecs of one isolate may hold together, outside of its heap. */
export const MAX_CODEC_BYTES = 36 * 1024 * 1024;
/** Jobs of one isolate that may run off the thread at once; further ones wait for their turn. */
export const MAX_CODEC_JOBS = 2;

type EnterGuest = (context: GuestContext, owner: GuestRun | null, event: number, id: number, a?: GuestValue) => void;

const HANDLED = new Set<unknown>([HostOp.CODEC_OPEN, HostOp.CODEC_WRITE, HostOp.CODEC_PULL, HostOp.CODEC_CLOSE]);

interface OpenCodec {
  readonly codec: Codec;
  /** The step that waits for its turn. */
  next: (() => void) | null;
  isRunning: boolean;
}

export class CodecOps {
  readonly #enter: EnterGuest;
  readonly #refuse: Refuse;
  readonly #open = new WeakMap<GuestContext, Map<number, OpenCodec>>();
  /** In the order in which they asked; what is closed leaves. */
  readonly #waiting = new Set<OpenCodec>();
  #count = 0;
  #heldBytes = 0;
  #jobCount = 0;

  /** @param refuse @default nobody counts */
  constructor(enter: EnterGuest, refuse: Refuse = (_, text) => text) {
    this.#enter = enter;
    this.#refuse = refuse;
  }

  /** Codecs whose memory is not given back yet. */
  get count(): number {
    return this.#count;
  }

  /** Those whose turn has not come. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  handles(code: unknown): boolean {
    return HANDLED.has(code);
  }

  /** Arguments are hostile (boundary I4). */
  run(context: GuestContext, owner: GuestRun | null, code: unknown, id: number, a: unknown, b: unknown): unknown {
    if (code === HostOp.CODEC_OPEN) return this.#openCodec(context, owner, id, a, b);
    const entry = this.#open.get(context)?.get(id);
    if (entry === undefined) return undefined;
    if (code === HostOp.CODEC_CLOSE) {
      context.dropCodec(id);
      return undefined;
    }
    const { codec } = entry;
    if (codec.isStepping || entry.next !== null) return undefined;
    // Out of its turn it would never be answered, or leave what it brings waiting.
    if (codec.hasMore !== (code === HostOp.CODEC_PULL)) return undefined;
    if (code === HostOp.CODEC_PULL) this.#schedule(entry, () => codec.pull());
    else if (a === undefined) this.#schedule(entry, () => codec.end());
    else if (a instanceof ArrayBuffer && a.byteLength <= CODEC_INPUT_BYTES) {
      this.#schedule(entry, () => codec.write(a));
    }
    return undefined;
  }

  #tooMany(why: string): string {
    return this.#refuse("compression_streams", `Too many compression streams: ${why}`);
  }

  /** Answers true, or why not. */
  #openCodec(context: GuestContext, owner: GuestRun | null, id: number, format: unknown, isCompressor: unknown) {
    const kind = codecKind(format, isCompressor === true);
    if (kind === undefined || context.codecs.has(id)) return "The compression format is not supported";
    if (this.#count >= MAX_CODECS) return this.#tooMany(`an app may have ${MAX_CODECS} at once`);
    if (this.#heldBytes + kind.memoryBytes > MAX_CODEC_BYTES) {
      return this.#tooMany(`those of an app may hold ${MAX_CODEC_BYTES} bytes at once`);
    }
    this.#count += 1;
    this.#heldBytes += kind.memoryBytes;
    const holding = context.hold(owner);
    const answer = (event: number, a?: GuestValue): void => {
      this.#release(entry);
      this.#enter(context, holding.owner, event, id, a);
    };
    const codec = new Codec(kind, {
      onOutput: (output) => answer(GuestEvent.CODEC_OUTPUT, output),
      onTaken: () => answer(GuestEvent.CODEC_TAKEN),
      onDone: (failure) => {
        context.dropCodec(id);
        answer(GuestEvent.CODEC_DONE, failure);
      },
      onFreed: () => {
        this.#release(entry);
        this.#count -= 1;
        this.#heldBytes -= kind.memoryBytes;
      },
    });
    const entry: OpenCodec = { codec, next: null, isRunning: false };
    const entries = this.#open.get(context) ?? new Map<number, OpenCodec>();
    this.#open.set(context, entries);
    entries.set(id, entry);
    const cancel = (): void => {
      entries.delete(id);
      entry.next = null;
      this.#waiting.delete(entry);
      codec.close();
    };
    context.codecs.set(id, Object.assign(holding, { cancel }));
    return true;
  }

  #schedule(entry: OpenCodec, step: () => void): void {
    entry.next = step;
    if (this.#jobCount < MAX_CODEC_JOBS) this.#start(entry);
    else this.#waiting.add(entry);
  }

  #start(entry: OpenCodec): void {
    const step = entry.next;
    if (step === null) return;
    entry.next = null;
    entry.isRunning = true;
    this.#jobCount += 1;
    step();
  }

  #release(entry: OpenCodec): void {
    if (!entry.isRunning) return;
    entry.isRunning = false;
    this.#jobCount -= 1;
    for (const next of this.#waiting) {
      if (this.#jobCount >= MAX_CODEC_JOBS) return;
      this.#waiting.delete(next);
      this.#start(next);
    }
  }
}

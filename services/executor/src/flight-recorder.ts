/**
 * The flight recorder: a small file, on tmpfs where there is one, that a worker writes at each entry and that survives it. It tells the
 * supervisor which app is running, since when and until when, and which requests must not be run again.
 *
 *      0  f64le  when the entry began, ms by the machine's monotonic clock
 *      8  f64le  when it must be over: its limit in ms
 *     16  u32le  link (CRC-32 of the peer name in the router's HELLO)
 *     20  u32le  stream, 0: no request
 *     24  u32le  1 while an entry runs
 *     28  u32le  bytes of the app's name
 *     32  64 bytes  the app's name
 *     96  u32le  bytes of the version's name
 *    100  24 bytes  the version
 *    124  u32le  1: more requests than slots were entered, take all for entered
 *    128  u32le  bytes of the version's name that is being restored, 0: none
 *    132  24 bytes  that version
 *    156  u32le  the kernel's number of the thread, 0: not known
 *    160  8 bytes each  slots: link and stream of a request whose method is not idempotent and that was entered
 *
 * That is of the worker's own thread. Behind it, for each thread of a connection, the same without the slots.
 *
 * I1 The record is written before the guest runs. It is marked as over at the latest when the event loop's turn ends, or its thread.
 * I2 A slot is written before its request is entered, and stays until the request is over.
 */
import { readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { type AppName, isVersionId, type VersionId } from "@nano/protocol/brands";

/** Requests with methods that are not idempotent which one worker tells apart at once. */
export const RECORDER_SLOTS = 4_096;
const RECORD_BYTES = 124;
const OVERFLOW_OFFSET = 124;
const RESTORE_OFFSET = 128;
const RESTORE_BYTES = 28;
const TASK_OFFSET = 156;
const SLOTS_OFFSET = 160;
const SLOT_BYTES = 8;
const NAME_OFFSET = 32;
const NAME_BYTES = 64;
const VERSION_OFFSET = 96;
const VERSION_BYTES = 24;
const RUNNING_OFFSET = 24;
/** Stands for a slot where there was none. */
const OVERFLOW_SLOT = -2;
/** Of a connection's thread. */
const THREAD_BYTES = SLOTS_OFFSET;
/** The worker's own and those of its connections: they are numbered from 1. */
export const MAX_RECORDED_THREADS = 1 + 256;
const FILE_BYTES = SLOTS_OFFSET + RECORDER_SLOTS * SLOT_BYTES;

/** A request as the recorder names it. */
export interface RecordedRequest {
  readonly linkId: number;
  readonly streamId: number;
}

/** What a router's link is called in the recorder. */
export function recorderLinkId(peer: string): number {
  return crc32(peer);
}

/** The same in all processes of a machine, and nobody sets it. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Where a thread's record begins. */
function offsetOf(thread: number): number {
  return thread === 0 ? 0 : FILE_BYTES + (thread - 1) * THREAD_BYTES;
}

/** Written by the worker, through the descriptor that its supervisor opened: by each of its threads for itself. */
export class FlightRecorder {
  readonly #fd: number;
  readonly #offset: number;
  readonly #record = Buffer.alloc(RECORD_BYTES);
  readonly #over = Buffer.alloc(4);
  readonly #slot = Buffer.alloc(SLOT_BYTES);
  readonly #restore = Buffer.alloc(RESTORE_BYTES);
  readonly #freeSlots: number[] = [];
  #app: AppName | null = null;
  #version: VersionId | null = null;
  #overflowCount = 0;
  #isRunning = false;
  #isClearPlanned = false;
  /** Called before each entry, with its limit: nothing else runs in this process until it is over. */
  onEntry: (limitMs: number) => void = () => undefined;

  /** @param options.thread 0: the worker's own, which alone has slots @param options.taskId the kernel's number of it */
  constructor(fd: number, { thread = 0, taskId = 0 }: { thread?: number; taskId?: number } = {}) {
    this.#fd = fd;
    this.#offset = offsetOf(thread);
    const bytes = thread === 0 ? FILE_BYTES : THREAD_BYTES;
    for (let slot = RECORDER_SLOTS - 1; slot >= 0 && thread === 0; slot--) this.#freeSlots.push(slot);
    const record = Buffer.alloc(bytes);
    record.writeUInt32LE(taskId, TASK_OFFSET);
    writeSync(fd, record, 0, bytes, this.#offset);
  }

  /** @param limitMs an entry that is not over then hangs @param silenceMs how long it may take on a loaded machine */
  begin(
    app: AppName,
    request: RecordedRequest | null,
    limitMs: number,
    version: VersionId | null = null,
    silenceMs: number = limitMs,
  ): void {
    this.onEntry(silenceMs);
    const record = this.#record;
    if (app !== this.#app) {
      this.#app = app;
      record.writeUInt32LE(record.write(app, NAME_OFFSET, NAME_BYTES, "latin1"), 28);
    }
    if (version !== this.#version) {
      this.#version = version;
      const nameBytes = record.write(version ?? "", VERSION_OFFSET + 4, VERSION_BYTES, "latin1");
      record.writeUInt32LE(nameBytes, VERSION_OFFSET);
    }
    record.writeDoubleLE(monotonicMs(), 0);
    record.writeDoubleLE(limitMs, 8);
    record.writeUInt32LE(request === null ? 0 : request.linkId, 16);
    record.writeUInt32LE(request === null ? 0 : request.streamId, 20);
    record.writeUInt32LE(1, RUNNING_OFFSET);
    this.#isRunning = true;
    writeSync(this.#fd, record, 0, RECORD_BYTES, this.#offset);
  }

  /** Costs no write of its own where another entry follows in the same turn. */
  end(): void {
    this.#isRunning = false;
    if (this.#isClearPlanned) return;
    this.#isClearPlanned = true;
    setImmediate(() => {
      this.#isClearPlanned = false;
      if (!this.#isRunning) writeSync(this.#fd, this.#over, 0, 4, this.#offset + RUNNING_OFFSET);
    });
  }

  /** Before V8 sees the sliver of a version; nothing of a request is inside. */
  beginRestore(app: AppName, version: VersionId, limitMs: number): void {
    const restore = this.#restore;
    restore.writeUInt32LE(restore.write(version, 4, RESTORE_BYTES - 4, "latin1"), 0);
    writeSync(this.#fd, restore, 0, RESTORE_BYTES, this.#offset + RESTORE_OFFSET);
    this.begin(app, null, limitMs, version);
  }

  /** At once: what the worker dies of later is not the restore's. */
  endRestore(): void {
    this.end();
    writeSync(this.#fd, this.#over, 0, 4, this.#offset + RESTORE_OFFSET);
  }

  /** Marks a request as entered; give the slot back when it is over. */
  takeSlot(request: RecordedRequest): number {
    const slot = this.#freeSlots.pop();
    if (slot === undefined) {
      this.#overflowCount += 1;
      if (this.#overflowCount === 1) this.#writeOverflow(1);
      return OVERFLOW_SLOT;
    }
    this.#slot.writeUInt32LE(request.linkId, 0);
    this.#slot.writeUInt32LE(request.streamId, 4);
    writeSync(this.#fd, this.#slot, 0, SLOT_BYTES, SLOTS_OFFSET + slot * SLOT_BYTES);
    return slot;
  }

  returnSlot(slot: number): void {
    if (slot === OVERFLOW_SLOT) {
      this.#overflowCount -= 1;
      if (this.#overflowCount === 0) this.#writeOverflow(0);
      return;
    }
    if (slot < 0) return;
    this.#slot.fill(0);
    writeSync(this.#fd, this.#slot, 0, SLOT_BYTES, SLOTS_OFFSET + slot * SLOT_BYTES);
    this.#freeSlots.push(slot);
  }

  #writeOverflow(flag: 0 | 1): void {
    writeSync(this.#fd, Buffer.from([flag, 0, 0, 0]), 0, 4, OVERFLOW_OFFSET);
  }
}

/** A thread is over: so are its entries, the one included whose end it did not live to write. */
export function clearThreadRecord(fd: number, thread: number): void {
  writeSync(fd, Buffer.alloc(THREAD_BYTES), 0, THREAD_BYTES, offsetOf(thread));
}

/** An entry that a worker is in, as its supervisor reads it. */
export interface RunningEntry extends RecordedRequest {
  /** 0: the worker's own. */
  readonly thread: number;
  /** The kernel's number of that thread; 0: not known. */
  readonly taskId: number;
  readonly app: string;
  /** Null: it was not told. */
  readonly versionId: VersionId | null;
  /** By the machine's monotonic clock. */
  readonly beganMs: number;
  /** How long it has been running. */
  readonly runMs: number;
  readonly limitMs: number;
}

const threadsBuffer = Buffer.alloc((MAX_RECORDED_THREADS - 1) * THREAD_BYTES);
const readBuffer = Buffer.alloc(THREAD_BYTES);

/** The running entry of the worker's own thread, or null between entries. */
export function readRunningEntry(fd: number): RunningEntry | null {
  const count = readSync(fd, readBuffer, 0, THREAD_BYTES, 0);
  return count < THREAD_BYTES ? null : decodeEntry(readBuffer, 0, 0);
}

/** The running entries of all of a worker's threads. */
export function readRunningEntries(fd: number): RunningEntry[] {
  const entries = decodeThreads(fd, decodeEntry);
  const own = readRunningEntry(fd);
  return own === null ? entries : [own, ...entries];
}

/** The version that a worker is restoring, or was when it died, in any of its threads; null: none. */
export function readRestoringVersion(fd: number): VersionId | null {
  const count = readSync(fd, readBuffer, 0, THREAD_BYTES, 0);
  if (count < THREAD_BYTES) return null;
  return decodeRestoring(readBuffer, 0) ?? decodeThreads(fd, decodeRestoring)[0] ?? null;
}

/** What the records of connections' threads say, of those that say something. */
function decodeThreads<T>(fd: number, decode: (bytes: Buffer, at: number, thread: number) => T | null): T[] {
  const count = readSync(fd, threadsBuffer, 0, threadsBuffer.length, FILE_BYTES);
  const decoded: T[] = [];
  for (let thread = 1; thread * THREAD_BYTES <= count; thread++) {
    const each = decode(threadsBuffer, (thread - 1) * THREAD_BYTES, thread);
    if (each !== null) decoded.push(each);
  }
  return decoded;
}

function decodeEntry(bytes: Buffer, at: number, thread: number): RunningEntry | null {
  if (bytes.readUInt32LE(at + RUNNING_OFFSET) !== 1) return null;
  const nameBytes = Math.min(bytes.readUInt32LE(at + 28), NAME_BYTES);
  const version = decodeVersion(bytes, at + VERSION_OFFSET, VERSION_BYTES);
  const beganMs = bytes.readDoubleLE(at);
  return {
    thread,
    taskId: bytes.readUInt32LE(at + TASK_OFFSET),
    beganMs,
    runMs: monotonicMs() - beganMs,
    limitMs: bytes.readDoubleLE(at + 8),
    linkId: bytes.readUInt32LE(at + 16),
    streamId: bytes.readUInt32LE(at + 20),
    versionId: version,
    app: bytes.toString("latin1", at + NAME_OFFSET, at + NAME_OFFSET + nameBytes),
  };
}

function decodeRestoring(bytes: Buffer, at: number): VersionId | null {
  return decodeVersion(bytes, at + RESTORE_OFFSET, RESTORE_BYTES - 4);
}

function decodeVersion(bytes: Buffer, at: number, maxBytes: number): VersionId | null {
  const nameBytes = Math.min(bytes.readUInt32LE(at), maxBytes);
  const version = bytes.toString("latin1", at + 4, at + 4 + nameBytes);
  return isVersionId(version) ? version : null;
}

/** Which of a link's streams were entered, of those whose methods are not idempotent. `null`: unknown, take all. */
export function readEnteredStreams(fd: number, linkId: number): Set<number> | null {
  const file = Buffer.alloc(FILE_BYTES);
  const count = readSync(fd, file, 0, FILE_BYTES, 0);
  if (count < FILE_BYTES || file.readUInt32LE(OVERFLOW_OFFSET) !== 0) return null;
  const entered = new Set<number>();
  for (let offset = SLOTS_OFFSET; offset < FILE_BYTES; offset += SLOT_BYTES) {
    if (file.readUInt32LE(offset) === linkId) entered.add(file.readUInt32LE(offset + 4));
  }
  entered.delete(0);
  return entered;
}

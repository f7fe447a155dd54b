/**
 * What builder and build child say to each other: jobs over the child's standard input, reports over `REPORT_FD`.
 *
 *   u32le header length · u32le body length · header (JSON) · body (bytes)
 *
 * Not standard output: V8 writes there when it aborts. Not Node's IPC channel: the child runs hostile code, and what
 * it writes must reach no decoder that trusts it.
 *
 * I1 A decoder refuses a length above its maximum before it buffers anything of it.
 * I2 What a child reports is data: `parseReport` (parse-report.ts) checks its shape.
 */
import type { InitNote } from "@nano/isolate/init-host";
import type { StartCost } from "@nano/isolate/measure-start";
import type { WarmUpFailure } from "@nano/isolate/warm-up";
import type { AppLimits } from "@nano/protocol/app-limits";
import type { AppName } from "@nano/protocol/brands";
import type { IsolationMode, WarmUpRequest } from "@nano/protocol/manifest";
import type { Rung } from "@nano/protocol/records";
import { MAX_SECTION_BYTES } from "@nano/sliver/sliver-layout";

/** The child's end of the pipe for its reports. */
export const REPORT_FD = 3;
export const MESSAGE_PREFIX_BYTES = 8;
/** Headers are small: their longest part is a stack. */
export const MAX_MESSAGE_HEADER_BYTES = 256 * 1024;
/** A script or a snapshot. */
export const MAX_MESSAGE_BODY_BYTES = MAX_SECTION_BYTES;
/** Texts of tenant code (messages, stacks) are cut here, on the child's side. */
export const MAX_REPORTED_CHARS = 16 * 1024;

/** A child does one of these and ends. Bodies of several parts are told apart by their lengths. */
export type ChildJob =
  /**
   * Body: the script, then the WebAssembly modules. Runs its top level in an ordinary isolate with a host, then again while its heap
   * is made.
   */
  | {
      readonly type: "make";
      readonly attachSecret: string;
      readonly partBytes: readonly number[];
      readonly envJson: string;
      readonly initTimeMs: number;
      readonly memoryBytes: number;
      /** Requests that are run to keep the bytecode behind them, the second time without any limit; null: none is. */
      readonly warmUpRequests: readonly WarmUpRequest[] | null;
    }
  /** Body: the script. Compiles it, without running anything of it. */
  | { readonly type: "compile"; readonly attachSecret: string }
  /** Body: snapshot (empty at the source rung), script and bytecode (empty at the heap rung), then the WebAssembly modules. */
  | {
      readonly type: "probe";
      readonly rung: Rung;
      readonly partBytes: readonly number[];
      readonly app: AppName;
      readonly attachSecret: string;
      readonly isolation: IsolationMode;
      readonly limits: AppLimits;
      readonly envJson: string;
    };

export type InitReport =
  | { readonly type: "done"; readonly initMs: number }
  | { readonly type: "threw"; readonly name: string; readonly message: string; readonly stack: string }
  | { readonly type: "fetched"; readonly url: string; readonly stack: string }
  | { readonly type: "stalled" | "timeout" | "memory" };

/** A line of the top level's console. */
export interface ReportedLine {
  readonly level: string;
  readonly text: string;
}

export type ChildReport =
  /** The job has arrived and tenant code runs next. */
  | { readonly type: "begun" }
  | {
      readonly type: "init";
      readonly outcome: InitReport;
      readonly lines: readonly ReportedLine[];
      readonly notes: readonly InitNote[];
    }
  /** Body: the snapshot. */
  | { readonly type: "made" }
  | { readonly type: "unmade"; readonly cause: string; readonly stack: string }
  /** The manifest's warm-up requests were run. */
  | { readonly type: "warmed"; readonly failures: readonly WarmUpFailure[] }
  /** Body: the web-api's heap of `snapshotBytes`, then the bytecode. */
  | { readonly type: "compiled"; readonly snapshotBytes: number }
  /** A context is attached; the handler is entered next. */
  | ({ readonly type: "restored" } & StartCost)
  | { readonly type: "probed"; readonly answer: string }
  | { readonly type: "unprobed"; readonly cause: string };

export function encodeMessage(header: ChildJob | ChildReport, body: Uint8Array = new Uint8Array(0)): Buffer[] {
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(MESSAGE_PREFIX_BYTES);
  prefix.writeUInt32LE(json.byteLength, 0);
  prefix.writeUInt32LE(body.byteLength, 4);
  return [prefix, json, Buffer.from(body.buffer, body.byteOffset, body.byteLength)];
}

/** The body that parts make one after another, and their lengths. */
export function joinParts(parts: readonly Uint8Array[]): { readonly body: Buffer; readonly partBytes: number[] } {
  return { body: Buffer.concat(parts), partBytes: parts.map((part) => part.byteLength) };
}

/** The parts of a body, as views of it. */
export function splitParts(body: Buffer, partBytes: readonly number[]): Buffer[] {
  let offset = 0;
  return partBytes.map((bytes) => {
    offset += bytes;
    return body.subarray(offset - bytes, offset);
  });
}

/** Splits a stream of bytes into messages. `push` answers false where the bytes are no messages: stop reading. */
export class MessageDecoder {
  readonly #onMessage: (header: unknown, body: Buffer) => void;
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;
  #neededBytes = MESSAGE_PREFIX_BYTES;

  constructor(onMessage: (header: unknown, body: Buffer) => void) {
    this.#onMessage = onMessage;
  }

  push(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.byteLength;
    while (this.#bufferedBytes >= this.#neededBytes) {
      const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
      const headerBytes = bytes.readUInt32LE(0);
      const bodyBytes = bytes.readUInt32LE(4);
      if (headerBytes > MAX_MESSAGE_HEADER_BYTES || bodyBytes > MAX_MESSAGE_BODY_BYTES) return false;
      const bodyStart = MESSAGE_PREFIX_BYTES + headerBytes;
      const end = bodyStart + bodyBytes;
      this.#chunks = [bytes];
      this.#neededBytes = end;
      if (bytes.byteLength < end) return true;
      const header = parseJson(bytes.toString("utf8", MESSAGE_PREFIX_BYTES, bodyStart));
      if (header === undefined) return false;
      this.#chunks = [bytes.subarray(end)];
      this.#bufferedBytes = bytes.byteLength - end;
      this.#neededBytes = MESSAGE_PREFIX_BYTES;
      this.#onMessage(header, bytes.subarray(bodyStart, end));
    }
    return true;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller reports what a child wrote that is no message.
    return undefined;
  }
}

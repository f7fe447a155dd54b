/**
 * What builder and build child say to each other: jobs over the child's standard input, reports over `REPORT_FD`.
 *
 *   u32le header length · u32le body length · header (JSON) · body (bytes)
 *
 * Not standard output: V8 writes there when it aborts. Not Node's IPC channel: the child runs hostile code, and what
 * it writes must reach no decoder that trusts it.
 *
 * I1 A decoder refuses a length above its maximum before it buffers anything of it.
 * I2 What a child reports is data: `parseReport` checks its shape.
 */

import type { AppName } from "@nano/protocol/brands";
import type { AppLimits, IsolationMode } from "@nano/protocol/manifest";
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

/** A child does one of these and ends. */
export type ChildJob =
  /** Body: the script. Runs its top level in an ordinary isolate, unless that is known to go well, then serialises its heap. */
  | {
      readonly type: "make";
      readonly attachSecret: string;
      readonly init: { readonly timeMs: number; readonly memoryBytes: number } | null;
      /** Runs the handler once, without any limit, to keep the bytecode of what it calls. */
      readonly warmUp: boolean;
    }
  /** Body: the snapshot, or the script where the rung is `source`. */
  | {
      readonly type: "probe";
      readonly rung: "heap" | "source";
      readonly app: AppName;
      readonly attachSecret: string;
      readonly isolation: IsolationMode;
      readonly limits: AppLimits;
    };

export type InitReport =
  | { readonly type: "done"; readonly initMs: number }
  | { readonly type: "threw"; readonly name: string; readonly message: string; readonly stack: string }
  | { readonly type: "timeout" }
  | { readonly type: "memory" };

export type ChildReport =
  /** The job has arrived and tenant code runs next. */
  | { readonly type: "begun" }
  | { readonly type: "init"; readonly outcome: InitReport }
  /** Body: the snapshot. */
  | { readonly type: "made" }
  | { readonly type: "unmade"; readonly cause: string }
  /** A context is attached; the handler is entered next. */
  | { readonly type: "restored"; readonly contextMs: number }
  | { readonly type: "probed"; readonly answer: string; readonly contextMs: number }
  | { readonly type: "unprobed"; readonly cause: string };

export function encodeMessage(header: ChildJob | ChildReport, body: Uint8Array = new Uint8Array(0)): Buffer[] {
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(MESSAGE_PREFIX_BYTES);
  prefix.writeUInt32LE(json.byteLength, 0);
  prefix.writeUInt32LE(body.byteLength, 4);
  return [prefix, json, Buffer.from(body.buffer, body.byteOffset, body.byteLength)];
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

/** A child's report, or null where it is none. */
export function parseReport(header: unknown): ChildReport | null {
  if (typeof header !== "object" || header === null) return null;
  const report = header as Record<string, unknown>;
  switch (report.type) {
    case "begun":
      return { type: "begun" };
    case "made":
      return { type: "made" };
    case "unmade":
    case "unprobed":
      return typeof report.cause === "string" ? { type: report.type, cause: report.cause } : null;
    case "restored":
      return isMillis(report.contextMs) ? { type: "restored", contextMs: report.contextMs } : null;
    case "probed":
      return typeof report.answer === "string" && isMillis(report.contextMs)
        ? { type: "probed", answer: report.answer, contextMs: report.contextMs }
        : null;
    case "init": {
      const outcome = parseInit(report.outcome);
      return outcome === null ? null : { type: "init", outcome };
    }
    default:
      return null;
  }
}

function parseInit(value: unknown): InitReport | null {
  if (typeof value !== "object" || value === null) return null;
  const { type, initMs, name, message, stack } = value as Record<string, unknown>;
  if (type === "timeout" || type === "memory") return { type };
  if (type === "done") return isMillis(initMs) ? { type, initMs } : null;
  if (type !== "threw") return null;
  const isText = typeof name === "string" && typeof message === "string" && typeof stack === "string";
  return isText ? { type, name, message, stack } : null;
}

function isMillis(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller reports what a child wrote that is no message.
    return undefined;
  }
}

/**
 * Bytes of bodies that a guest's code reads and writes: its request's CPU limit grows with them (`limits.cpu_ms_per_mb`). Those of a body that
 * it hands on unread are none of them.
 *
 * I1 What is written counts once, and when somebody has taken it: a guest that writes on where there is no room gains nothing by it.
 */
import { GuestEvent } from "@nano/web-api/boundary";

/** Whose CPU limit grows. */
interface Toucher {
  touchedBytes: number;
}

/** A body that a guest writes. */
export interface WrittenBody {
  /** Of the chunk after which there was no room. */
  untakenBytes?: number;
}

/** @param hasRoom what the write answered */
export function countWritten(
  toucher: Toucher | null,
  { body, bytes, hasRoom }: { readonly body: WrittenBody; readonly bytes: number; readonly hasRoom: boolean },
): void {
  if ((body.untakenBytes ?? 0) > 0) return;
  if (!hasRoom) body.untakenBytes = bytes;
  else if (toucher !== null) toucher.touchedBytes += bytes;
}

/** There is room again. */
export function countTaken(toucher: Toucher | null, body: WrittenBody): void {
  if (toucher !== null) toucher.touchedBytes += body.untakenBytes ?? 0;
  body.untakenBytes = 0;
}

/** Of bodies, as they enter the guest with an event and its arguments. */
export function readBytes(event: number, a: unknown, d: unknown): number {
  if (event === GuestEvent.REQUEST) return lengthOf(d);
  return isChunk(event) ? lengthOf(a) : 0;
}

/** Whether the event brings a part of a body: of the request, or of a fetch's answer. */
export function isChunk(event: number): boolean {
  return event === GuestEvent.BODY_CHUNK || event === GuestEvent.FETCH_CHUNK;
}

/** Of what crosses; a text counts by its characters. */
export function lengthOf(chunk: unknown): number {
  if (typeof chunk === "string") return chunk.length;
  return chunk instanceof ArrayBuffer ? chunk.byteLength : 0;
}

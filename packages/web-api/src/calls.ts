/** Calls that the host answers by events: fetches, and WebSockets to other servers, under ids of their own. */
import { MapCtor, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet } from "./primordials.ts";

export interface Call {
  /** @param event one of GuestEvent's FETCH_… and DIAL_… */
  receive(event: number, a: unknown, b: unknown, c: unknown, d: unknown): void;
}

const calls = new MapCtor<number, Call>();
let lastId = 0;

/** An id that no call has had. */
export function nextCallId(): number {
  lastId += 1;
  return lastId;
}

/** From here on events come for it, until `removeCall`. */
export function addCall(id: number, call: Call): void {
  MapPrototypeSet(calls, id, call);
}

export function removeCall(id: number): void {
  MapPrototypeDelete(calls, id);
}

export function isCallOpen(id: number): boolean {
  return MapPrototypeGet(calls, id) !== undefined;
}

/** An event for what is over is dropped. */
export function deliverToCall(event: number, id: number, a: unknown, b: unknown, c: unknown, d: unknown): void {
  MapPrototypeGet(calls, id)?.receive(event, a, b, c, d);
}

/**
 * What is needed of `ws` beyond its types: how it reads and negotiates extensions, and what a receiver holds.
 *
 * The latter are fields that `ws` does not document: `test/ws-library.test.ts` fails where a release changes them.
 */

import type { PerMessageDeflateOptions, WebSocket } from "ws";
import * as library from "ws";

interface Negotiation {
  accept(offers: readonly object[]): object;
}

interface Exports {
  readonly subprotocol: { parse(header: string): Set<string> };
  readonly extension: { parse(header: string): Readonly<Record<string, readonly object[]>> };
  readonly PerMessageDeflate: new (options: object) => Negotiation;
}

const { subprotocol, extension, PerMessageDeflate } = library as unknown as Exports;

/** A view of bytes, or a part of a message, as an object in memory. */
const PART_OVERHEAD_BYTES = 128;

interface Receiver {
  _bufferedBytes: number;
  _messageLength: number;
  _buffers: Buffer[];
  _fragments: Buffer[];
}

interface Internals {
  readonly _receiver: Receiver | null;
}

/** Null: it does not parse. */
export function parseProtocols(header: string): ReadonlySet<string> | null {
  try {
    return subprotocol.parse(header);
  } catch {
    return null; // that is the answer
  }
}

/** Null: it does not parse. */
export function parseExtensions(header: string): Readonly<Record<string, readonly object[]>> | null {
  try {
    return extension.parse(header);
  } catch {
    return null; // that is the answer
  }
}

/** The first of `choices` that the client's offers allow; false: none. `ws` would refuse the whole handshake. */
export function chooseDeflate(
  offers: readonly object[] | undefined,
  choices: readonly PerMessageDeflateOptions[],
): PerMessageDeflateOptions | false {
  if (offers === undefined) return false;
  for (const choice of choices) {
    try {
      // It makes the parameters of an offer its own.
      new PerMessageDeflate({ ...choice, isServer: true }).accept(structuredClone(offers));
      return choice;
    } catch {
      // The next may be one that they allow.
    }
  }
  return false;
}

/** What of messages that are not whole yet is in memory, what it costs to keep it in parts included. */
export function receivedBytes(ws: WebSocket): number {
  const receiver = (ws as unknown as Internals)._receiver;
  if (receiver === null) return 0;
  const { _bufferedBytes, _messageLength, _buffers, _fragments } = receiver;
  return _bufferedBytes + _messageLength + PART_OVERHEAD_BYTES * (_buffers.length + _fragments.length);
}

/** Lets go of it: for a socket whose bytes are not given to it any more. */
export function dropReceived(ws: WebSocket): void {
  const receiver = (ws as unknown as Internals)._receiver;
  if (receiver === null) return;
  receiver._bufferedBytes = 0;
  receiver._messageLength = 0;
  receiver._buffers = [];
  receiver._fragments = [];
}

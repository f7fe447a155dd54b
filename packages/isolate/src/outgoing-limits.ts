/** What an app may send now over a WebSocket, of a client or to another server: the same wherever its end is. */
import type { WebSocketLimits } from "@nano/protocol/manifest";

/** Of one UTF-16 unit. */
const MAX_UTF8_BYTES = 3;

/** Undefined: it may be sent. A text: it is too large, the message of a TypeError. Null: too much waits, the connection is to be closed. */
export function refuseOutgoing(
  data: string | ArrayBuffer,
  bufferedBytes: number,
  { maxMessageBytes, outboundBufferBytes }: Pick<WebSocketLimits, "maxMessageBytes" | "outboundBufferBytes">,
): undefined | string | null {
  const bytes = bytesOf(data, maxMessageBytes);
  if (bytes > maxMessageBytes) {
    return `The message is over ${maxMessageBytes} bytes (websocket.ws_max_message_bytes)`;
  }
  return bufferedBytes > 0 && bufferedBytes + bytes > outboundBufferBytes ? null : undefined;
}

/** Counted exactly where that may matter. */
export function bytesOf(data: string | ArrayBuffer, limitBytes: number): number {
  if (typeof data !== "string") return data.byteLength;
  return data.length * MAX_UTF8_BYTES <= limitBytes ? data.length : Buffer.byteLength(data);
}

/** Takes the PROXY header off a new connection before a server reads it. */
import type { Socket } from "node:net";
import { MAX_PROXY_HEADER_BYTES, type ProxyHeader, parseProxyHeader } from "./proxy-header.ts";

/**
 * Calls `onHeader` once, with the socket at the first of the client's own bytes, paused. A connection that begins otherwise, or does not come to
 * the end of its header within `timeoutMs`, is closed.
 */
export function takeProxyHeader(
  socket: Socket,
  options: { readonly timeoutMs: number; onHeader(header: ProxyHeader): void; onMalformed(): void },
): void {
  let received: Buffer = Buffer.alloc(0);
  const stop = (): void => {
    clearTimeout(timer);
    socket.off("data", onData);
    socket.off("error", onError);
    socket.off("close", stop);
  };
  const refuse = (): void => {
    stop();
    socket.on("error", onError);
    socket.destroy();
    options.onMalformed();
  };
  const onData = (chunk: Buffer): void => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const result = parseProxyHeader(received);
    if (result.type === "incomplete" && received.length < MAX_PROXY_HEADER_BYTES) return;
    if (result.type !== "complete") {
      refuse();
      return;
    }
    stop();
    socket.pause();
    const rest = received.subarray(result.header.headerBytes);
    if (rest.length > 0) socket.unshift(rest);
    options.onHeader(result.header);
  };
  const onError = (): void => {}; // `close` follows
  const timer = setTimeout(refuse, options.timeoutMs);
  socket.on("data", onData);
  socket.on("error", onError);
  socket.on("close", stop);
}

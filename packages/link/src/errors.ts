/** Why a link or one of its streams ended. */
import { defineErrors } from "@nano/protocol/errors";

const lost = { fault: "platform", retryable: true, httpStatus: 502, reason: "worker_lost" } as const;
const broken = { fault: "platform", retryable: false, httpStatus: 502, reason: "protocol" } as const;

export const linkErrors = defineErrors("LINK", {
  /** What every open stream is reset with when its link ends. */
  LOST: { ...lost, message: (d: { peer: string; cause: string }) => `Link to ${d.peer} ended: ${d.cause}` },
  CONNECT_FAILED: {
    ...lost,
    message: (d: { address: string; cause: string }) => `Peer at ${d.address} cannot be reached: ${d.cause}`,
  },
  SOCKET_FAILED: { ...lost, message: (d: { cause: string }) => `Socket failed: ${d.cause}` },
  PEER_CLOSED: { ...lost, message: () => "Peer closed the connection" },
  CLOSED: { ...lost, message: () => "Link was closed by this side" },
  PEER_SILENT: {
    ...lost,
    message: (d: { silentMs: number }) => `Peer was silent for ${d.silentMs} ms`,
  },
  PEER_STALLED: {
    ...lost,
    message: (d: { queuedBytes: number; limitBytes: number }) =>
      `Peer does not read: ${d.queuedBytes} bytes queued, at most ${d.limitBytes}`,
  },
  HANDSHAKE_TIMEOUT: {
    ...lost,
    message: (d: { timeoutMs: number }) => `Peer sent no HELLO within ${d.timeoutMs} ms`,
  },
  CREDENTIAL_REFUSED: {
    fault: "platform",
    retryable: false,
    httpStatus: 502,
    reason: "credential",
    message: () => "Credential was refused",
  },
  VERSION_MISMATCH: {
    ...broken,
    message: (d: { peerOldest: number; peerNewest: number; oldest: number; newest: number }) =>
      `Wire versions do not meet: peer speaks ${d.peerOldest} to ${d.peerNewest}, this side ${d.oldest} to ${d.newest}`,
  },
  VIOLATION: { ...broken, message: (d: { what: string }) => `Peer broke the protocol: ${d.what}` },
  LISTENER_THREW: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "internal",
    message: (d: { cause: string }) => `Listener threw: ${d.cause}`,
  },
  TOO_MANY_STREAMS: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "queue_full",
    message: (d: { limitCount: number }) => `Link is full: ${d.limitCount} streams open`,
  },
  DRAINING: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "draining",
    message: () => "Link takes no further streams",
  },
  BUFFER_OVERFLOW: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "internal",
    message: (d: { queuedBytes: number; limitBytes: number }) =>
      `Writer ignored back-pressure: ${d.queuedBytes} bytes queued, at most ${d.limitBytes}`,
  },
});

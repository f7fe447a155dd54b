/**
 * Errors of the egress process. Their messages are what tenant code reads in its TypeError: they name the rule
 * that refused, never an address or a part of the platform.
 */
import { defineErrors } from "@nano/protocol/errors";

const tenant = { fault: "tenant", retryable: false, httpStatus: 502, reason: "fetch_failed" } as const;
const limit = { fault: "tenant", retryable: false, httpStatus: 502, reason: "fetch_limit" } as const;

export const egressErrors = defineErrors("EGRESS", {
  CONFIG: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "config",
    message: (d: { path: string; expected: string; found: string }) =>
      `Egress setting ${d.path} is wrong: expected ${d.expected}, found ${d.found}`,
  },
  URL_REFUSED: { ...tenant, message: (d: { rule: string }) => `URL is refused: ${d.rule}` },
  METHOD_REFUSED: { ...tenant, message: (d: { method: string }) => `Method is refused: ${d.method}` },
  HEADER_REFUSED: { ...tenant, message: (d: { rule: string }) => `Request header is refused: ${d.rule}` },
  ADDRESS_REFUSED: {
    ...tenant,
    message: (d: { host: string; rule: string }) => `Host ${d.host} is refused: its address is ${d.rule}`,
  },
  HOST_REFUSED: {
    ...tenant,
    message: (d: { host: string }) => `Host ${d.host} is refused: it is none of the app's egress.allow_hosts`,
  },
  NAME_NOT_FOUND: {
    ...tenant,
    message: (d: { host: string }) => `Host ${d.host} has no address: the name does not resolve`,
  },
  CONNECT_FAILED: {
    ...tenant,
    message: (d: { host: string; cause: string }) => `Connection to ${d.host} failed: ${d.cause}`,
  },
  TIMEOUT: {
    ...limit,
    message: (d: { host: string; phase: "connect" | "headers" | "idle"; limitMs: number }) =>
      `Fetch from ${d.host} took too long: ${phaseWords[d.phase]} for ${d.limitMs} ms`,
  },
  TOO_BUSY: {
    ...limit,
    message: (d: { scope: "app" | "node"; limitCount: number }) =>
      `Too many fetches at once: this ${d.scope} has all of its ${d.limitCount} connections in use`,
  },
  SOCKETS_FULL: {
    ...limit,
    message: (d: { scope: "app" | "node"; limitCount: number }) =>
      `Too many WebSockets at once: this ${d.scope} has all of its ${d.limitCount} open`,
  },
  RESPONSE_TOO_LARGE: {
    ...limit,
    message: (d: { limitBytes: number }) => `Response is too large: more than ${d.limitBytes} bytes`,
  },
  HEADERS_TOO_LARGE: {
    ...limit,
    message: (d: { host: string }) => `Response headers of ${d.host} are too large`,
  },
  HANDSHAKE_FAILED: {
    ...tenant,
    message: (d: { host: string; cause: string }) => `WebSocket handshake with ${d.host} failed: ${d.cause}`,
  },
  SOCKET_CLOSED: { ...tenant, message: (d: { why: string }) => `The WebSocket is over: ${d.why}` },
  REDIRECT_REFUSED: { ...tenant, message: (d: { rule: string }) => `Redirect is refused: ${d.rule}` },
  DECODE_FAILED: {
    ...tenant,
    message: (d: { coding: string }) => `Response body is malformed: it does not decode as ${d.coding}`,
  },
  RESPONSE_BROKEN: {
    ...tenant,
    message: (d: { host: string; cause: string }) => `Response of ${d.host} broke off: ${d.cause}`,
  },
  CANCELLED: { ...tenant, message: () => "Fetch was cancelled: the worker went away" },
  MALFORMED: {
    fault: "platform",
    retryable: false,
    httpStatus: 502,
    reason: "protocol",
    message: (d: { what: string }) => `Egress request is malformed: ${d.what}`,
  },
  CREDENTIAL: {
    fault: "platform",
    retryable: false,
    httpStatus: 502,
    reason: "credential",
    message: () => "Credential is refused: no admitted worker carries it",
  },
});

const phaseWords = { connect: "no connection", headers: "no response head", idle: "no byte moved" } as const;

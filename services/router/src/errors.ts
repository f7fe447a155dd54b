/** What the router itself answers. Reasons of workers pass through with their own codes. */
import { defineErrors } from "@nano/protocol/errors";

export const errors = defineErrors("ROUTER", {
  BAD_REQUEST: {
    fault: "caller",
    retryable: false,
    httpStatus: 400,
    reason: "bad_request",
    message: (d: { what: string }) => `Request is malformed: ${d.what}`,
  },
  UNKNOWN_HOST: {
    fault: "caller",
    retryable: false,
    httpStatus: 404,
    reason: "unknown_host",
    message: () => "No app answers at this host and path",
  },
  BODY_TOO_LARGE: {
    fault: "caller",
    retryable: false,
    httpStatus: 413,
    reason: "body_too_large",
    message: (d: { limitBytes: number }) => `Request body is over the limit of ${d.limitBytes} bytes`,
  },
  WEBSOCKET_UNSUPPORTED: {
    fault: "caller",
    retryable: false,
    httpStatus: 501,
    reason: "websocket_unsupported",
    message: () => "WebSocket connections are not served here",
  },
  NOT_BUILT: {
    fault: "tenant",
    retryable: true,
    httpStatus: 503,
    reason: "not_built",
    message: (d: { app: string }) => `App ${d.app} has no version that is built`,
  },
  OVERLOADED: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "overloaded",
    message: (d: { limitCount: number }) => `Router is full: ${d.limitCount} requests in flight`,
  },
  NO_WORKER: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "no_worker",
    message: (d: { app: string }) => `No worker can be reached for app ${d.app}`,
  },
  WORKER_LOST: {
    fault: "platform",
    retryable: false,
    httpStatus: 502,
    reason: "worker_lost",
    message: (d: { why: string }) => `The worker of this request was lost: ${d.why}`,
  },
  BAD_RESPONSE: {
    fault: "tenant",
    retryable: false,
    httpStatus: 502,
    reason: "bad_response",
    message: (d: { what: string }) => `The app's response cannot be sent as HTTP: ${d.what}`,
  },
  CLIENT_GONE: {
    fault: "caller",
    retryable: false,
    httpStatus: 499,
    reason: "client_gone",
    message: () => "The client closed its connection",
  },
  REQUEST_OVER: {
    fault: "caller",
    retryable: false,
    httpStatus: 499,
    reason: "request_over",
    message: () => "The response is complete, the rest of the request is not wanted",
  },
});

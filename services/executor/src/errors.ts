import { defineErrors } from "@nano/protocol/errors";

export const errors = defineErrors("EXEC", {
  DIRECTORY_TAKEN: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "start_failed",
    message: (d: { directory: string }) =>
      `Another executor runs on ${d.directory}: each needs directories of its own (run.directory, cache.directory)`,
  },
  NODE_ID_TAKEN: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "config",
    message: (d: { nodeId: string; address: string; rivalAddress: string }) =>
      `Two executors run as node ${d.nodeId}, this one at ${d.address} and another at ${d.rivalAddress}: give each its own EXECUTOR_NODE_ID`,
  },
  QUEUE_FULL: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "queue_full",
    message: (d: { app: string; queuedCount: number; limitCount: number }) =>
      `The queue of ${d.app} is full: ${d.queuedCount} requests wait, at most ${d.limitCount} (limits.queue_depth)`,
  },
  SOCKETS_FULL: {
    fault: "tenant",
    retryable: true,
    httpStatus: 503,
    reason: "ws_max_connections",
    message: (d: { app: string; limitCount: number }) =>
      `App ${d.app} has ${d.limitCount} WebSocket connections on this node, as many as websocket.ws_max_connections allows`,
  },
  WORKER_SOCKETS_FULL: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "ws_worker_full",
    message: (d: { limitCount: number }) =>
      `This worker has ${d.limitCount} WebSocket connections, as many as websocket.connectionCount allows`,
  },
  SOCKET_PROTOCOL: {
    fault: "platform",
    retryable: false,
    httpStatus: 502,
    reason: "internal",
    message: (_: Record<string, never>) =>
      "The router sent what is no message of a WebSocket, or one before its upgrade",
  },
  SOCKET_BUFFERS: {
    fault: "tenant",
    retryable: true,
    httpStatus: 503,
    reason: "ws_buffer_bytes",
    message: (d: { limitBytes: number }) =>
      `Messages of WebSocket connections fill what this worker may hold of them, ${d.limitBytes} bytes (websocket.bufferBytes)`,
  },
  SOCKET_THREAD_LOST: {
    fault: "platform",
    retryable: true,
    httpStatus: 502,
    reason: "worker_lost",
    message: (_: Record<string, never>) => "The thread of this connection ended by itself",
  },
  SOCKET_CLOSE_LATE: {
    fault: "platform",
    retryable: false,
    httpStatus: 504,
    reason: "ws_close_late",
    message: (d: { limitMs: number }) => `The router did not say within ${d.limitMs} ms that the connection is closed`,
  },
  WORKER_DRAINING: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "draining",
    message: (_: Record<string, never>) => "This worker takes no new requests: it is ending",
  },
  NODE_DRAINING: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "draining",
    message: (_: Record<string, never>) => "This executor takes no new connections: it is ending",
  },
  WORKER_MOVED: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "worker_moved",
    message: (d: { app: string }) =>
      `App ${d.app} left this WebSocket worker for another: ask the node's supervisor again`,
  },
  WEBSOCKET_FULL: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "websocket_full",
    message: (d: { workerCount: number }) =>
      `No WebSocket worker has room for another app, and there are as many as there may be: ${d.workerCount} (websocket.workerCount)`,
  },
  WEBSOCKET_HELD_BACK: {
    fault: "tenant",
    retryable: false,
    httpStatus: 503,
    reason: "websocket_held_back",
    message: (d: { app: string; waitMs: number }) =>
      `App ${d.app} ended its WebSocket workers again and again: it gets another one in ${d.waitMs} ms`,
  },
  OWN_WORKER: {
    fault: "tenant",
    retryable: true,
    httpStatus: 503,
    reason: "quarantined",
    message: (d: { versionId: string }) =>
      `Version ${d.versionId} ended workers again and again: it is served by a worker of its own, ask the node's supervisor for it`,
  },
  QUARANTINED: {
    fault: "tenant",
    retryable: false,
    httpStatus: 503,
    reason: "quarantined",
    message: (d: { versionId: string; waitMs: number }) =>
      `Version ${d.versionId} ended the worker that it has for itself: it gets another one in ${d.waitMs} ms; deploy a version that does not, or lift its quarantine`,
  },
  OWN_WORKERS_FULL: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "quarantined",
    message: (d: { limitCount: number }) =>
      `As many versions in quarantine have a worker of their own as may: ${d.limitCount} (quarantine.workerCount)`,
  },
  DRAIN_CUT: {
    fault: "platform",
    retryable: false,
    httpStatus: 503,
    reason: "drain_cut",
    message: (_: Record<string, never>) =>
      "The request was cut off: this executor was told to end, and drain.graceMs was over before the request was",
  },
  TOO_MANY_VERSIONS: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "queue_full",
    message: (d: { limitCount: number }) => `This worker waits for the material of ${d.limitCount} versions already`,
  },
  VERSION_UNKNOWN: {
    fault: "platform",
    retryable: false,
    httpStatus: 503,
    reason: "version_unknown",
    message: (d: { versionId: string }) =>
      `Version ${d.versionId} is not in the control store: it was removed, or never built`,
  },
  VERSION_NOT_BUILT: {
    fault: "platform",
    retryable: false,
    httpStatus: 503,
    reason: "not_built",
    message: (d: { versionId: string; engine: string }) =>
      `Version ${d.versionId} has no sliver for this engine (${d.engine}): deploy it again to build one`,
  },
  MATERIAL_AWAY: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "store_away",
    message: (d: { versionId: string }) =>
      `Version ${d.versionId} is not on this node, and the artifact store does not give it: see this executor's log`,
  },
  SLIVER_REFUSED: {
    fault: "platform",
    retryable: false,
    httpStatus: 503,
    reason: "sliver_refused",
    message: (d: { versionId: string; why: string }) => `The sliver of ${d.versionId} was refused: ${d.why}`,
  },
  SECRETS_UNREADABLE: {
    fault: "platform",
    retryable: false,
    httpStatus: 503,
    reason: "secrets_unreadable",
    message: (d: { app: string; why: string }) => `App ${d.app} is not served without its secrets: ${d.why}`,
  },
  BODY_TOO_LARGE: {
    fault: "caller",
    retryable: false,
    httpStatus: 413,
    reason: "body_too_large",
    message: (d: { limitBytes: number }) => `The request's body is over the limit of ${d.limitBytes} bytes`,
  },
  STREAM_IDLE: {
    fault: "tenant",
    retryable: false,
    httpStatus: 504,
    reason: "stream_idle",
    message: (d: { app: string; limitMs: number }) =>
      `A response of ${d.app} was cut off: no byte of it or of its request came for ${d.limitMs} ms (limits.stream_idle_secs)`,
  },
  STREAM_MAX: {
    fault: "tenant",
    retryable: false,
    httpStatus: 504,
    reason: "stream_max",
    message: (d: { app: string; limitMs: number }) =>
      `A response of ${d.app} was cut off: its body had not ended ${d.limitMs} ms after its head (limits.stream_max_secs)`,
  },
  RESPONSE_TOO_LARGE: {
    fault: "tenant",
    retryable: false,
    httpStatus: 500,
    reason: "response_too_large",
    message: (d: { app: string; limitBytes: number }) =>
      `A response of ${d.app} has a body of more than ${d.limitBytes} bytes (limits.response_body_mb)`,
  },
  QUEUE_WAIT: {
    fault: "platform",
    retryable: false,
    httpStatus: 504,
    reason: "wall_limit",
    message: (d: { app: string; limitMs: number }) => `The request waited ${d.limitMs} ms for ${d.app} and never began`,
  },
  QUEUE_WAIT_LIMIT: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "queue_wait",
    message: (d: { app: string; limitMs: number }) =>
      `The request waited ${d.limitMs} ms for its turn at ${d.app} (limits.queue_wait_secs)`,
  },
  ASSET_NOT_FOUND: {
    fault: "caller",
    retryable: false,
    httpStatus: 404,
    reason: "asset_not_found",
    message: (d: { path: string }) => `No asset is at ${d.path}, and the app has no script`,
  },
  ASSET_METHOD: {
    fault: "caller",
    retryable: false,
    httpStatus: 405,
    reason: "method_not_allowed",
    message: (d: { method: string }) => `Assets answer GET and HEAD: found ${d.method}, and the app has no script`,
  },
  FETCH_CANCELLED: {
    fault: "tenant",
    retryable: false,
    httpStatus: 499,
    reason: "fetch_cancelled",
    message: (_: Record<string, never>) => "The app cancelled its fetch",
  },
  WORKER_START: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "worker_lost",
    message: (d: { deadlineMs: number; ending: string }) =>
      `A worker process did not become ready within ${d.deadlineMs} ms: ${d.ending}, see its output in the log`,
  },
  NO_ADDRESS: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "config",
    message: (d: { bound: string }) =>
      `This host has no address of its own that routers could dial at ${d.bound}: set listen.advertisedAddress`,
  },
  TOO_MANY_FOLLOWERS: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "too_many",
    message: (d: { limitCount: number }) =>
      `Output of apps is followed by ${d.limitCount} already, as many as logs.followerCount allows`,
  },
  QUESTION_UNKNOWN: {
    fault: "platform",
    retryable: false,
    httpStatus: 501,
    reason: "unknown_question",
    message: (_: Record<string, never>) =>
      "Supervisor does not know what it was asked for: bring this executor to the version of who asks",
  },
  WORKER_UNKNOWN: {
    fault: "platform",
    retryable: false,
    httpStatus: 502,
    reason: "worker_lost",
    message: (d: { workerId: string }) =>
      `Nothing is known of the end of worker ${d.workerId}: it lives, or its record is gone`,
  },
});

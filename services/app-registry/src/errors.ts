/** What the registry answers instead of doing what it was asked. */
import { defineErrors } from "@nano/protocol/errors";
import type { RequestProblem } from "@nano/protocol/registry-api";

export const errors = defineErrors("REGISTRY", {
  BAD_REQUEST: {
    fault: "caller",
    retryable: false,
    httpStatus: 400,
    reason: "bad_request",
    message: (d: { problems: readonly RequestProblem[] }) =>
      `Request is not valid: ${d.problems.map((p) => `${p.where}: got ${p.got}, expected ${p.expected}`).join("; ")}`,
  },
  NOT_FOUND: {
    fault: "caller",
    retryable: false,
    httpStatus: 404,
    reason: "not_found",
    message: (d: { what: string }) => `There is no ${d.what}`,
  },
  UNKNOWN_ARTIFACT: {
    fault: "caller",
    retryable: false,
    httpStatus: 409,
    reason: "unknown_artifact",
    message: (d: { where: string; digest: string }) =>
      `Artifact of ${d.where} is not in the store: ${d.digest}, upload it first`,
  },
  BAD_ASSETS: {
    fault: "caller",
    retryable: false,
    httpStatus: 422,
    reason: "bad_assets",
    message: (d: { digest: string; why: string }) => `Asset pack ${d.digest} cannot be served: ${d.why}`,
  },
  DIGEST_MISMATCH: {
    fault: "caller",
    retryable: false,
    httpStatus: 400,
    reason: "digest_mismatch",
    message: (d: { got: string; expected: string }) => `Body has digest ${d.got}, its path says ${d.expected}`,
  },
  BODY_TOO_LARGE: {
    fault: "caller",
    retryable: false,
    httpStatus: 413,
    reason: "too_large",
    message: (d: { limitBytes: number }) => `Body is too large: at most ${d.limitBytes} bytes are taken`,
  },
  TOO_MANY_UPLOADS: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "queue_full",
    message: (d: { limitCount: number }) => `Too many uploads at once: ${d.limitCount} are running, try again later`,
  },
  TOO_MANY_FOLLOWERS: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "too_many",
    message: (d: { limitCount: number }) =>
      `Output of apps has ${d.limitCount} readers already, as many as logs.followerCount allows: try again later`,
  },
  TOO_MANY_APPS: {
    fault: "caller",
    retryable: false,
    httpStatus: 409,
    reason: "too_many",
    message: (d: { limitCount: number }) => `Too many apps: at most ${d.limitCount}, delete one first`,
  },
  TOO_MANY_BUILDS: {
    fault: "caller",
    retryable: true,
    httpStatus: 429,
    reason: "too_many",
    message: (d: { app: string; limitCount: number }) =>
      `App ${d.app} has ${d.limitCount} builds waiting or running, wait for one to end`,
  },
  NOT_BUILT: {
    fault: "caller",
    retryable: false,
    httpStatus: 409,
    reason: "not_built",
    message: (d: { version: string }) => `Version ${d.version} cannot be activated: its build failed, deploy it again`,
  },
  STILL_BUILDING: {
    fault: "caller",
    retryable: true,
    httpStatus: 409,
    reason: "not_built",
    message: (d: { version: string }) => `Version ${d.version} is still being built: wait for the end of its build`,
  },
  ROLLOUT_RUNNING: {
    fault: "caller",
    retryable: false,
    httpStatus: 409,
    reason: "rollout_running",
    message: (d: { app: string; version: string }) =>
      `App ${d.app} has a rollout of ${d.version}: promote it or end it first`,
  },
  OVERTAKEN: {
    fault: "caller",
    retryable: false,
    httpStatus: 409,
    reason: "overtaken",
    message: (d: { app: string; version: string; activeVersion: string }) =>
      `Version ${d.activeVersion} of app ${d.app} was activated meanwhile and serves: activate ${d.version} if it is to take its place`,
  },
  ROLLOUT_OF_ACTIVE: {
    fault: "caller",
    retryable: false,
    httpStatus: 409,
    reason: "already_active",
    message: (d: { app: string; version: string }) =>
      `Version ${d.version} is the active one of app ${d.app}: all clients have it`,
  },
  ROLLOUT_WITHOUT_ACTIVE: {
    fault: "caller",
    retryable: false,
    httpStatus: 409,
    reason: "no_active_version",
    message: (d: { app: string }) => `App ${d.app} has no active version: activate one first`,
  },
  ROLLOUT_HALTED: {
    fault: "caller",
    retryable: false,
    httpStatus: 409,
    reason: "rollout_halted",
    message: (d: { app: string; version: string }) =>
      `Rollout of ${d.version} of app ${d.app} was halted: begin it again, or activate the version`,
  },
  NOTHING_BEFORE: {
    fault: "caller",
    retryable: false,
    httpStatus: 409,
    reason: "nothing_before",
    message: (d: { app: string }) =>
      `App ${d.app} has no version to go back to: none served before, or none that is kept`,
  },
  DUPLICATE_ROUTE: {
    fault: "caller",
    retryable: false,
    httpStatus: 409,
    reason: "duplicate_route",
    message: (d: { route: string; first: { where: string; app: string }; second: { where: string; app: string } }) =>
      `Route ${d.route} is given twice: ${d.first.where} to ${d.first.app} and ${d.second.where} to ${d.second.app}`,
  },
  UNKNOWN_APP: {
    fault: "caller",
    retryable: false,
    httpStatus: 409,
    reason: "unknown_app",
    message: (d: { where: string; app: string }) => `App ${d.app} of ${d.where} does not exist, deploy it first`,
  },
  BROWSER_REFUSED: {
    fault: "caller",
    retryable: false,
    httpStatus: 403,
    reason: "browser_refused",
    message: (_: { origin: string }) => "Requests that a web page makes are refused: this API is for programs",
  },
  NOT_SIGNED_IN: {
    fault: "caller",
    retryable: false,
    httpStatus: 401,
    reason: "not_signed_in",
    message: (d: { why: string }) =>
      `Request is not signed in: ${d.why}; send authorization: Bearer and a token, which an operator makes by POST /v1/tokens`,
  },
  TOO_MANY_SIGN_INS: {
    fault: "caller",
    retryable: true,
    httpStatus: 429,
    reason: "too_many",
    message: (d: { retryAfterSecs: number }) =>
      `Too many failed sign-ins from this address: send a token that is valid, or try again in ${d.retryAfterSecs} s`,
  },
  FORBIDDEN: {
    fault: "caller",
    retryable: false,
    httpStatus: 403,
    reason: "forbidden",
    message: (d: { token: string; role: string; needed: string }) =>
      `Token ${d.token} has the role ${d.role}, needed is ${d.needed}`,
  },
  BAD_BOOTSTRAP_TOKEN: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "bad_bootstrap_token",
    message: (d: { path: string }) =>
      `File ${d.path} holds no bootstrap token: expected nano_, 16 hex digits, _, and 43 characters of base64url (32 random bytes)`,
  },
  TOO_MANY_TOKENS: {
    fault: "caller",
    retryable: false,
    httpStatus: 409,
    reason: "too_many",
    message: (d: { limitCount: number }) => `Too many tokens: at most ${d.limitCount}, delete one first`,
  },
  TOKEN_TOLD_ONCE: {
    fault: "caller",
    retryable: false,
    httpStatus: 409,
    reason: "told_once",
    message: (d: { id: string }) =>
      `Token ${d.id} was made by this request before and is told only once: delete it and make another under another idempotency-key`,
  },
  KEY_REUSED: {
    fault: "caller",
    retryable: false,
    httpStatus: 422,
    reason: "key_reused",
    message: (_: Record<string, never>) =>
      "Idempotency-key was sent before with another request: take a new key for each request",
  },
  OUTCOME_UNKNOWN: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "outcome_unknown",
    message: (d: { code: string }) =>
      `Change was sent and not acknowledged (${d.code}), nobody knows whether it is made: repeat the request with the same idempotency-key`,
  },
  ROUTE_TAKEN: {
    fault: "caller",
    retryable: false,
    httpStatus: 409,
    reason: "route_taken",
    message: (d: { where: string; route: string; app: string | null }) =>
      `Route ${d.route} of ${d.where} belongs to ${d.app === null ? "another app" : `app ${d.app}`}`,
  },
  BODY_CUT_OFF: {
    fault: "caller",
    retryable: true,
    httpStatus: 400,
    reason: "cut_off",
    message: (d: { bytes: number }) => `Body was cut off after ${d.bytes} bytes: nothing of it is kept`,
  },
  BUSY: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "busy",
    message: (d: { attemptCount: number }) =>
      `Control store changed under the request ${d.attemptCount} times, try again`,
  },
  BUILD_FORGOTTEN: {
    fault: "platform",
    retryable: true,
    httpStatus: 500,
    reason: "build_lost",
    message: (d: { version: string }) => `Build of ${d.version} was lost by the queue more than once, deploy it again`,
  },
  SLIVER_MISSING: {
    fault: "platform",
    retryable: true,
    httpStatus: 500,
    reason: "build_lost",
    message: (d: { version: string; digest: string }) =>
      `Sliver of ${d.version} is not in the artifact store: ${d.digest}, let builders and registry share one and deploy it again`,
  },
  INTERNAL: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "internal",
    message: (_: { requestId: string }) => "Registry failed unexpectedly: its log has the request id",
  },
});

/** Paths of the store's HTTP over its Unix socket; both ends are in this package. */
import type { VersionId } from "@nano/protocol/brands";
import type { FeedPosition, NodeRecord } from "@nano/protocol/records";

export const storePaths = {
  snapshot: "/v1/snapshot",
  feed: "/v1/feed",
  feedAfter: (after: FeedPosition) => `/v1/feed?epoch=${encodeURIComponent(after.epoch)}&seq=${after.seq}`,
  commit: "/v1/commit",
  receipt: "/v1/receipt",
  receiptOf: (idempotencyKey: string) => `/v1/receipt?key=${encodeURIComponent(idempotencyKey)}`,
  audit: "/v1/audit",
  auditOf: (limitCount: number) => `/v1/audit?limit=${limitCount}`,
  leases: "/v1/leases/",
  lease: (node: NodeRecord["id"]) => `/v1/leases/${encodeURIComponent(node)}`,
  jobs: "/v1/jobs",
  takeJob: "/v1/jobs/take",
  reportJob: "/v1/jobs/report",
  finishJob: "/v1/jobs/finish",
  releaseJob: "/v1/jobs/release",
  builds: "/v1/builds/",
  buildAfter: (version: VersionId, seq: number) => `/v1/builds/${version}?after=${seq}`,
} as const;

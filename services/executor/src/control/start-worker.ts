import type { WorkerId } from "@nano/protocol/brands";
import type { ConfigFor } from "@nano/service-kit/config";
import type { config } from "../config.ts";
import type { WorkerKind } from "../worker-messages.ts";
import { residentLimitBytes } from "./worker-ceilings.ts";
import { WorkerProcess, type WorkerProcessOptions } from "./worker-process.ts";

export interface StartWorkerOptions extends Pick<WorkerProcessOptions, "workersDirectory" | "onMessage" | "onError"> {
  readonly config: ConfigFor<typeof config>;
}

/** A worker process as the configuration wants it. @throws EXEC_WORKER_START */
export function startWorker(
  id: WorkerId,
  kind: WorkerKind,
  { config, ...options }: StartWorkerOptions,
): Promise<WorkerProcess> {
  const { isolateBytes, logBytesPerSecond, startMs, debugHeaders, descriptorCount } = config.workers;
  const isolateCount = kind === "http" ? config.workers.isolateCount : config.websocket.connectionCount;
  return WorkerProcess.start({
    ...options,
    id,
    runDirectory: config.run.directory,
    recorderDirectory: config.recorder.directory,
    budgets: { isolateCount, isolateBytes, logBytesPerSecond },
    kind,
    hasDebugHeaders: debugHeaders,
    startMs,
    residentLimitBytes: residentLimitBytes(kind, config),
    descriptorCount,
  });
}

/** Lines for the app's log, beside the console's. */
import { HostOp } from "./boundary.ts";
import { callHost, hasHost } from "./host.ts";

export type LogLevel = "debug" | "info" | "log" | "warn" | "error";

/**
 * Writes a line that is formatted already; dropped where no host is connected.
 * @param runId the request that it is about. 0: the one whose entry is running, if any
 */
export function writeLog(level: LogLevel, text: string, runId = 0): void {
  if (hasHost()) callHost(HostOp.LOG, runId, level, text);
}

/** Lines for the app's log, beside the console's. */
import { HostOp } from "./boundary.ts";
import { callHost, hasHost } from "./host.ts";

export type LogLevel = "debug" | "info" | "log" | "warn" | "error";

/** Writes a line that is formatted already; dropped where no host is connected. */
export function writeLog(level: LogLevel, text: string): void {
  if (hasHost()) callHost(HostOp.LOG, 0, level, text);
}

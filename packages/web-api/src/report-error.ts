/** "Report an exception" of the HTML standard, for code that runs on nobody's behalf: a line in the app's log. */
import { writeLog } from "./log.ts";
import { formatThrown } from "./thrown.ts";

export function reportError(reason: unknown): void {
  writeLog("error", `Uncaught ${formatThrown(reason)}`);
}

/** Watches which files a directory has, and what they hold. */
import { watch } from "node:fs";
import type { FileWatch } from "./watch-file.ts";

/** Files are written in several steps: so long a look waits for quiet. */
const QUIET_MS = 50;

/** Calls back after changes, once for those that come together. The directory has to be there. */
export function watchDirectory(path: string, onChange: () => void): FileWatch {
  let timer: NodeJS.Timeout | null = null;
  const watcher = watch(path, () => {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(onChange, QUIET_MS);
  });
  watcher.on("error", () => {}); // The directory went away.
  return {
    close() {
      if (timer !== null) clearTimeout(timer);
      watcher.close();
    },
  };
}

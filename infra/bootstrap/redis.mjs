/** Provides `redis-server` for the tests that need a real one. NANO runs, and its other tests pass, without it. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { runQuietly, StepFailure } from "./child.mjs";

const INSTALL = ["install", "--yes", "--no-install-recommends", "redis-server"];

/**
 * Installs it from the system's packages where it is missing and we may: as root, with apt. Anything else is said, and no failure.
 * @param {import("./steps.mjs").Setup} setup
 */
export async function provideRedis({ root, env, progress }) {
  if (isOnPath("redis-server", env)) return;
  if (process.getuid?.() !== 0 || !isOnPath("apt-get", env)) {
    progress.line(
      "redis-server is missing: tests that need it are not run (set-up installs it as root, where there is apt)",
    );
    return;
  }
  const end = progress.begin("redis-server (system package)");
  const options = { cwd: root, env: { ...env, DEBIAN_FRONTEND: "noninteractive" } };
  try {
    // A source that cannot be reached may not be the one that has it.
    await runQuietly("apt-get", ["update"], options).catch(() => undefined);
    await runQuietly("apt-get", INSTALL, options);
    end(true);
  } catch (error) {
    end(false);
    if (!(error instanceof StepFailure)) throw error;
    progress.line(`redis-server could not be installed: ${error.message}; tests that need it are not run`);
  }
}

/** @type {(name: string, env: NodeJS.ProcessEnv) => boolean} */
function isOnPath(name, { PATH = "" }) {
  return PATH.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false; // not in this one
    }
  });
}

/** A revision of this repository as a folder whose services can be run: its files, with the dependencies that are installed here. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** This checkout. */
export const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const WORKSPACE_FOLDERS = ["packages", "services"];
const MAX_ARCHIVE_BYTES = 512 * 1024 * 1024;

/** Whether this checkout has a history, and that revision in it. */
export function hasRevision(revision: string): boolean {
  return spawnSync("git", ["cat-file", "-e", `${revision}^{commit}`], { cwd: REPOSITORY }).status === 0;
}

/** @throws where `revision` is none, or something of it does not build */
export function extractCheckout(revision: string, directory: string): void {
  mkdirSync(directory, { recursive: true });
  const archive = execFileSync("git", ["archive", revision], { cwd: REPOSITORY, maxBuffer: MAX_ARCHIVE_BYTES });
  execFileSync("tar", ["-x", "-C", directory], { input: archive });
  copyDependencies(join(REPOSITORY, "node_modules"), join(directory, "node_modules"));
  for (const folder of WORKSPACE_FOLDERS) {
    for (const name of readdirSync(join(directory, folder))) {
      const installed = join(REPOSITORY, folder, name, "node_modules");
      // Their links are relative: those to packages of the workspace lead to the ones extracted here.
      const target = join(directory, folder, name, "node_modules");
      if (existsSync(installed)) cpSync(installed, target, { recursive: true, verbatimSymlinks: true });
    }
  }
  for (const file of globSync("{packages,services}/*/build.ts", { cwd: directory }).sort()) {
    execFileSync(process.execPath, ["build.ts"], { cwd: join(directory, dirname(file)), stdio: "pipe" });
  }
}

/** As hard links where the file system allows it. A link to the folder would not do: workers may read inside of their checkout only. */
function copyDependencies(from: string, to: string): void {
  try {
    execFileSync("cp", ["-alT", from, to], { stdio: "pipe" });
  } catch {
    execFileSync("cp", ["-aT", from, to], { stdio: "pipe" });
  }
}

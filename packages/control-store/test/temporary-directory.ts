import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A directory that goes with the test. Short, as Unix socket paths must be. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), "nano-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

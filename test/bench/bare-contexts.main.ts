/** A process of its own that makes and releases contexts of one app's snapshot: see `request-mode.bench.ts`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BareIsolate } from "./bare-isolate.ts";
import { serveCommands } from "./bench-child.ts";
import { BenchSlivers } from "./bench-sliver.ts";

export interface BareContextsCommands {
  /** Builds the sliver of the app in a directory. */
  open(source: string): Promise<void>;
  /** Milliseconds of so many contexts in a row, in a fresh isolate. */
  makeAndRelease(count: number): number;
}

let openIsolate: (() => BareIsolate) | null = null;

serveCommands<BareContextsCommands>({
  async open(source) {
    const directory = mkdtempSync(join(tmpdir(), "nano-bare-"));
    process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
    const { path, manifest } = await (await BenchSlivers.open(directory)).make(source);
    openIsolate = () => new BareIsolate(path, manifest.limits.memoryBytes);
  },
  makeAndRelease(count) {
    const isolate = openIsolate?.();
    if (isolate === undefined) throw new Error("No app is open");
    const ms = isolate.makeAndRelease(count);
    isolate.dispose();
    return ms;
  },
});

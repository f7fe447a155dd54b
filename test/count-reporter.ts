/**
 * Ends a run with one plain line, `N passed, N failed, N skipped`, whatever prints before it. What this machine could not run,
 * skipped with a note that begins with `NOT_RUN`, is listed before; it fails the run where `NANO_TEST_ALL` is set.
 */
import type { Reporter, TestModule } from "vitest/node";

/** Begins the note of a test that is skipped for what the machine lacks: `not run: no redis-server`. */
const NOT_RUN = "not run: ";

export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    // What was thrown outside every test fails the run, so it counts.
    let failed = unhandledErrors.length;
    let skipped = 0;
    const notRun = new Map<string, number>();
    for (const module of modules) {
      if (module.errors().length > 0) failed += 1;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") passed += 1;
        else if (result.state === "failed") failed += 1;
        else skipped += 1;
        const note = result.state === "skipped" ? result.note : undefined;
        if (note?.startsWith(NOT_RUN)) notRun.set(note, (notRun.get(note) ?? 0) + 1);
      }
    }
    const lines = [...notRun].map(([note, count]) => `${note} (${count} tests)`);
    lines.push(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    process.on("exit", () => {
      process.stdout.write(`${lines.join("\n")}\n`);
      if (notRun.size > 0 && (process.env.NANO_TEST_ALL ?? "") !== "") process.exitCode = 1;
    });
  }
}

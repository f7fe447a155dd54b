/** Tests of what is a tool of its own: benchmarks and soaks, on a small scale. Continuous integration runs them, and whoever sets what it sets. */
import { beforeEach } from "vitest";

/** The final count lists them under this. */
const NOT_RUN = "not run: benchmarks and soaks on a small scale, which NANO_TEST_ALL=1 adds";

/** Everything is asked for: what can be shorter is not. */
export const isWholeRun = (process.env.NANO_TEST_ALL ?? "") !== "";

/** Skips the tests of a file in a run that is not of everything. */
export function needWholeRun(): void {
  beforeEach((context) => {
    if (!isWholeRun) context.skip(NOT_RUN);
  });
}

/** One NANO for all tests of a file. */
import { afterAll, beforeAll } from "vitest";
import { Fixture, type FixtureApp, type FixtureServer } from "./fixtures.ts";
import { NanoProcess } from "./nano-process.ts";

/** Apps whose handlers loop or hang are built only after their limits, on a machine that has others to serve. */
const SERVING_TIMEOUT_MS = 120_000;

/** Serves these apps from before the file's first test to after its last. Answers what tests ask for it. */
export function serveApps(apps: readonly FixtureApp[], server: FixtureServer = {}): () => NanoProcess {
  const fixture = new Fixture(apps, server);
  let nano: NanoProcess | null = null;

  beforeAll(async () => {
    nano = await NanoProcess.start(fixture.args);
  }, SERVING_TIMEOUT_MS);
  afterAll(async () => {
    await nano?.close();
    fixture.remove();
  });

  return () => {
    if (nano === null) throw new Error("NANO serves only while tests run");
    return nano;
  };
}

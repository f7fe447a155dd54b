/** One NANO for all tests of a file. */
import { afterAll, beforeAll } from "vitest";
import { Fixture, type FixtureApp, type FixtureServer } from "./fixtures.ts";
import { NanoProcess } from "./nano-process.ts";

/** Apps whose handlers loop or hang are built only after their limits, on a machine that has others to serve. */
const SERVING_TIMEOUT_MS = 120_000;

/** Serves these apps from before the file's first test to after its last. Answers what tests ask for it. */
export function serveApps(apps: readonly FixtureApp[], server: FixtureServer = {}): () => NanoProcess {
  const fixture = new Fixture(apps, server);
  // Hooks after run in the reverse order: the fixture goes when nothing serves it any more.
  afterAll(() => fixture.remove());
  return serve(fixture.args);
}

/** As `serveApps`, the apps of a configuration file of this repository. */
export function serveConfig(path: string): () => NanoProcess {
  return serve(["--config", path, "--port", "0", "--admin-port", "0"]);
}

function serve(args: readonly string[]): () => NanoProcess {
  let nano: NanoProcess | null = null;

  beforeAll(async () => {
    nano = await NanoProcess.start(args);
  }, SERVING_TIMEOUT_MS);
  afterAll(async () => {
    await nano?.close();
  });

  return () => {
    if (nano === null) throw new Error("NANO serves only while tests run");
    return nano;
  };
}

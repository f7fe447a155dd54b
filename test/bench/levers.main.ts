/** Measures in this process, in turns, one app's first answer from snapshots that were made in several ways; prints them as JSON. See `measureLevers`. */
import { bundleApp } from "@nano/bundle/bundle-app";
import { warmEngine } from "@nano/isolate/warm-engine";
import { resolveManifest } from "@nano/protocol/manifest";
import { openFloor } from "./floor.ts";
import { type LeverSnapshot, makeLeverSnapshot } from "./lever-snapshots.ts";
import type { LeverJob, LeverRun } from "./levers.ts";

const WARM_UP_RATIO = 0.2;
const DEEP_WARM_UP = 4;
/** The first answer of an app that is not warmed up compiles all of its code. */
const LIMITS = { cpu_time_ms: 5_000 };

warmEngine();
const job = JSON.parse(process.argv[2] ?? "") as LeverJob;
const { artifact, manifest: written } = await bundleApp({ dir: job.source });
if (artifact === null) throw new Error(`${job.source} has no script`);
const { script } = artifact;
const manifest = resolveManifest({ ...written, limits: { ...written.limits, ...LIMITS } });
const app = { script, manifest };

const asItIs = makeLeverSnapshot(app, 1);
const floor = openFloor(script, asItIs.body);
const variants: Record<LeverRun["variant"], LeverSnapshot> = {
  "as it is": asItIs,
  "no warm-up": makeLeverSnapshot(app, null),
  "four requests": makeLeverSnapshot(app, DEEP_WARM_UP),
  "no web-api": {
    bytes: floor.snapshotBytes,
    body: asItIs.body,
    firstAnswer() {
      const startMs = performance.now();
      const isolate = floor.restore();
      const ms = performance.now() - startMs;
      isolate.dispose();
      return ms;
    },
  },
};
for (const [variant, { body }] of Object.entries(variants)) {
  if (body !== asItIs.body) throw new Error(`${variant} answers ${body.slice(0, 100)}`);
}
const asked = Object.entries(variants).filter(([variant]) => (job.variants as readonly string[]).includes(variant));
const samples = new Map<string, number[]>(asked.map(([variant]) => [variant, []]));
for (let round = 0; round < job.rounds; round++) {
  for (const [variant, snapshot] of asked) {
    const ms = snapshot.firstAnswer();
    if (round >= job.rounds * WARM_UP_RATIO) samples.get(variant)?.push(ms);
  }
}
const runs = asked.map(([variant, { bytes }]) => ({
  variant: variant as LeverRun["variant"],
  snapshotBytes: bytes,
  samples: samples.get(variant) ?? [],
}));
process.stdout.write(JSON.stringify(runs satisfies LeverRun[]));

/** `bare-contexts.main.ts JOB`: an app's heap, and contexts of it in one isolate under its memory limit, as many as come. */
import ivm from "isolated-vm";
import type { UnlimitedJob } from "./unlimited-app.main.ts";

const MAX_CONTEXTS = 1_000;

const job = JSON.parse(process.argv[2] ?? "") as UnlimitedJob;
process.stdout.write("ready\n");
const shims = "globalThis.__nano_app__ = (app) => { globalThis.keptApp = app(); };";
const snapshot = ivm.Isolate.createSnapshot([{ code: shims }, { code: job.script }]);
const isolate = new ivm.Isolate({ snapshot, memoryLimit: job.limits.memory_mb ?? 0 });
for (let i = 0; i < MAX_CONTEXTS; i++) isolate.createContextSync();
process.stdout.write("{}\n");
process.exit(0);

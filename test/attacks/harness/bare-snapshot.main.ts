/** `bare-snapshot.main.ts JOB`: a snapshot of an app's top level as isolated-vm makes it, with no limit of time or memory. */
import ivm from "isolated-vm";
import type { UnlimitedJob } from "./unlimited-app.main.ts";

const job = JSON.parse(process.argv[2] ?? "") as UnlimitedJob;
process.stdout.write("ready\n");
const shims = "globalThis.__nano_app__ = (app) => { app(); }; globalThis.Response = class {};";
ivm.Isolate.createSnapshot([{ code: shims }, { code: job.script }]);
process.stdout.write("{}\n");
process.exit(0);

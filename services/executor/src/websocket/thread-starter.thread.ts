/** The thread that starts others, see `thread-starter.ts`. It runs no guest. */
import { parentPort, Worker, workerData } from "node:worker_threads";
import type { StartedThread, StarterData, StartThread } from "./thread-starter.ts";

const { entry } = workerData as StarterData;
const url = new URL(entry);

parentPort?.on("message", ({ port, data }: StartThread) => {
  const started: StartedThread<unknown> = { port, data };
  const thread = new Worker(url, { workerData: started, transferList: [port], env: {} });
  // Its port closes, which says enough; the text is for the log of the supervisor.
  thread.on("error", (error: Error) => process.stderr.write(`${error.stack ?? error.message}\n`));
});
parentPort?.postMessage("ready");

/**
 * A worker process: serves requests in isolates on its one thread. Started by the supervisor alone, which gives it its sockets, its
 * flight recorder (descriptor 4) and the material of the apps that it serves.
 */
import { Socket } from "node:net";
import { assertNoNodeSnapshot } from "@nano/isolate/engine";
import { warmEngine } from "@nano/isolate/warm-engine";
import { toWireError } from "@nano/protocol/errors";
import { FlightRecorder } from "./flight-recorder.ts";
import { RECORDER_FD } from "./recorder-fd.ts";
import { WorkerRuntime } from "./request/worker-runtime.ts";
import { openSocketThreadStarter } from "./websocket/socket-thread.ts";
import { mayStartThreads, type ThreadStarter } from "./websocket/thread-starter.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

assertNoNodeSnapshot();

const send = (message: FromWorker): void => {
  process.send?.(message);
};
const leave = (last: FromWorker): void => {
  process.send?.(last, () => process.exit(0));
};
const recorder = new FlightRecorder(RECORDER_FD);
let runtime: WorkerRuntime | null = null;
let threadStarter: ThreadStarter | null = null;

process.on("message", (message: ToWorker, handle: unknown) => {
  if (message.type === "start") {
    runtime = new WorkerRuntime({ ...message, recorder, recorderFd: RECORDER_FD, threadStarter, send, exit: leave });
    return;
  }
  const socket = handle instanceof Socket ? handle : null;
  runtime?.receive(message, socket).catch((thrown: unknown) => {
    // A broken message of our own supervisor: nothing can be served on.
    process.stderr.write(`${JSON.stringify(toWireError(thrown))}\n`);
    process.exit(1);
  });
});
// The supervisor is gone: nobody watches over this process any more.
process.on("disconnect", () => process.exit(0));
// Signals of a terminal go to the whole group; the supervisor ends this process.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

warmEngine();
if (mayStartThreads()) threadStarter = await openSocketThreadStarter();
send({ type: "ready" });

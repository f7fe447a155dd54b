/**
 * A worker process: serves requests in isolates on its one thread. Started by the supervisor alone, which gives it its sockets, its
 * flight recorder (descriptor 4) and the material of the apps that it serves.
 */
import { Socket } from "node:net";
import { CpuWatch, CpuWatcher } from "@nano/isolate/cpu-watch";
import { assertNoNodeSnapshot } from "@nano/isolate/engine";
import { warmEngine } from "@nano/isolate/warm-engine";
import { toWireError } from "@nano/protocol/errors";
import { entryFile } from "@nano/service-kit/entry-file";
import { FlightRecorder, MAX_RECORDED_THREADS } from "./flight-recorder.ts";
import { ownTaskId } from "./own-task-id.ts";
import { RECORDER_FD } from "./recorder-fd.ts";
import { WorkerRuntime } from "./request/worker-runtime.ts";
import { openSocketThreadStarter } from "./websocket/socket-thread.ts";
import { giveUpThreads, mayStartThreads, type ThreadStarter } from "./websocket/thread-starter.ts";
import type { FromWorker, ToWorker, WorkerKind } from "./worker-messages.ts";

const CPU_WATCH_ENTRY = new URL("./cpu-watch.thread.ts", import.meta.url);

assertNoNodeSnapshot();

const send = (message: FromWorker): void => {
  process.send?.(message);
};
const leave = (last: FromWorker): void => {
  process.send?.(last, () => process.exit(0));
};
const recorder = new FlightRecorder(RECORDER_FD, { taskId: ownTaskId() });
let runtime: WorkerRuntime | null = null;
const hasConnections = process.argv[2] === ("websocket" satisfies WorkerKind);
let threadStarter: ThreadStarter | null = null;
let cpuWatcher: CpuWatcher | null = null;
let cpuWatch: CpuWatch | null = null;

process.on("message", (message: ToWorker, handle: unknown) => {
  if (message.type === "start") {
    runtime = new WorkerRuntime({
      ...message,
      recorder,
      recorderFd: RECORDER_FD,
      threadStarter,
      cpuWatch,
      cpuShared: cpuWatcher?.shared,
      send,
      exit: leave,
    });
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
if (mayStartThreads()) {
  cpuWatcher = await CpuWatcher.open({
    entry: entryFile(CPU_WATCH_ENTRY),
    threadCount: hasConnections ? MAX_RECORDED_THREADS : 1,
  });
  cpuWatch = CpuWatch.open(cpuWatcher.shared, 0);
  if (hasConnections) threadStarter = await openSocketThreadStarter();
  giveUpThreads();
}
send({ type: "ready" });

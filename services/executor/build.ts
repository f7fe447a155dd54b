/** Makes one file of each process and thread that executors start often. */
import { buildEntries } from "@nano/service-kit/build-entries";

await buildEntries(import.meta.dirname, [
  "src/worker.main.ts",
  "src/cpu-watch.thread.ts",
  "src/websocket/thread-starter.thread.ts",
  "src/websocket/socket.thread.ts",
  "src/egress/egress.main.ts",
  "src/cache/cache.main.ts",
]);

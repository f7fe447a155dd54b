/** Makes one file of each process and thread. */
import { buildEntries } from "@nano/service-kit/build-entries";

await buildEntries(import.meta.dirname, [
  "src/main.ts",
  "src/worker.main.ts",
  "src/cpu-watch.thread.ts",
  "src/websocket/thread-starter.thread.ts",
  "src/websocket/socket.thread.ts",
  "src/egress/egress.main.ts",
  "src/cache/cache.main.ts",
]);

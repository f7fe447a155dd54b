/**
 * The cache process: keeps what apps put into their caches, in its own directory. Forked by the supervisor with an IPC channel; listens on the
 * Unix socket that the supervisor names and on no port.
 */
import { toWireError } from "@nano/protocol/errors";
import type { CacheProcessCommand, CacheProcessReport } from "./cache-messages.ts";
import { CacheServer } from "./cache-server.ts";

const COUNTS_INTERVAL_MS = 5_000;
const EXIT_STARTED_WRONGLY = 2;

let server: CacheServer | null = null;

function report(message: CacheProcessReport): void {
  // The channel may close between two reports; without a supervisor there is nobody to tell.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

async function start({ settings, socketPath }: Extract<CacheProcessCommand, { type: "start" }>): Promise<void> {
  const started = await CacheServer.open({ config: settings, report });
  await started.links.listen(socketPath);
  server = started;
  setInterval(() => report({ type: "counts", counts: started.counts }), COUNTS_INTERVAL_MS).unref();
  report({ type: "ready" });
}

async function drain(): Promise<void> {
  await server?.drain();
  if (server !== null) report({ type: "counts", counts: server.counts });
  await server?.close();
  process.disconnect?.();
}

function fail(error: unknown): void {
  report({ type: "failed", message: toWireError(error).message });
  process.exitCode = 1;
  if (process.connected) process.disconnect?.();
}

function take(command: CacheProcessCommand): void {
  switch (command.type) {
    case "start":
      start(command).catch(fail);
      return;
    case "admit":
      server?.links.admit(command.worker, command.credential);
      return;
    case "dismiss":
      server?.links.dismiss(command.worker);
      return;
    case "drain":
      drain().catch(fail);
  }
}

if (process.send === undefined) {
  process.stderr.write("The cache process is started by an executor, not by hand\n");
  process.exitCode = EXIT_STARTED_WRONGLY;
} else {
  process.on("message", take);
  // A supervisor that died takes its cache process with it.
  process.on("disconnect", () => process.exit());
  // The supervisor decides when a group that got a signal ends.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => undefined);
}

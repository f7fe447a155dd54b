/**
 * The egress process: the only one of an executor that opens connections for tenant code. Forked by the supervisor
 * with an IPC channel; listens on the Unix socket that the supervisor names and on no port.
 */
import { toWireError } from "@nano/protocol/errors";
import { resolveEgressConfig } from "./egress-config.ts";
import type { EgressCommand, EgressReport } from "./egress-messages.ts";
import { EgressServer } from "./egress-server.ts";

const COUNTS_INTERVAL_MS = 5_000;
const EXIT_STARTED_WRONGLY = 2;

let server: EgressServer | null = null;

function report(message: EgressReport): void {
  // The channel may close between two reports; without a supervisor there is nobody to tell.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

async function start(command: Extract<EgressCommand, { type: "start" }>): Promise<void> {
  server = new EgressServer({ config: resolveEgressConfig(command.settings), report });
  const started = server;
  await started.listen(command.socketPath);
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

function take(command: EgressCommand): void {
  switch (command.type) {
    case "start":
      start(command).catch(fail);
      return;
    case "admit":
      server?.admit(command.worker, command.credential);
      return;
    case "dismiss":
      server?.dismiss(command.worker);
      return;
    case "drain":
      drain().catch(fail);
  }
}

if (process.send === undefined) {
  process.stderr.write("The egress process is started by an executor, not by hand\n");
  process.exitCode = EXIT_STARTED_WRONGLY;
} else {
  process.on("message", take);
  // A supervisor that died takes its egress process with it.
  process.on("disconnect", () => process.exit());
  // The supervisor decides when a group that got a signal ends.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => undefined);
}

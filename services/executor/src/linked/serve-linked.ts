/**
 * The life of a process that serves an executor's workers over links: forked by the supervisor with an IPC channel, it listens on the Unix socket
 * that the supervisor names and on no port, and ends with it.
 */
import { toWireError } from "@nano/protocol/errors";
import type { LinkedPeer } from "../worker-messages.ts";
import type { LinkedCommand, LinkedReport } from "./linked-messages.ts";
import type { WorkerLinks } from "./worker-links.ts";

const COUNTS_INTERVAL_MS = 5_000;
const EXIT_STARTED_WRONGLY = 2;

export interface LinkedServer<Counts> {
  readonly links: WorkerLinks;
  readonly counts: Counts;
  /** Takes nothing further and resolves when what runs has ended. */
  drain(): Promise<void>;
  /** Cuts everything. */
  close(): Promise<void>;
}

/** Runs in a `main.ts` alone. @param open makes what serves; what it throws ends the process with exit code 1, and its message is reported */
export function serveLinked<Settings, Counts>(
  peer: LinkedPeer,
  open: (
    settings: Settings,
    report: (report: LinkedReport<Counts>) => void,
  ) => LinkedServer<Counts> | Promise<LinkedServer<Counts>>,
): void {
  if (process.send === undefined) {
    process.stderr.write(`The ${peer} process is started by an executor, not by hand\n`);
    process.exitCode = EXIT_STARTED_WRONGLY;
    return;
  }
  /** Commands that come while it opens are done once it has. */
  let opening: Promise<LinkedServer<Counts>> | null = null;

  const report = (message: LinkedReport<Counts>): void => {
    // The channel may close between two reports; without a supervisor there is nobody to tell.
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  };

  const start = async (settings: Settings, socketPath: string): Promise<void> => {
    opening = Promise.resolve(open(settings, report));
    const server = await opening;
    await server.links.listen(socketPath);
    setInterval(() => report({ type: "counts", counts: server.counts }), COUNTS_INTERVAL_MS).unref();
    report({ type: "ready" });
  };

  const drain = async (): Promise<void> => {
    const server = await opening;
    await server?.drain();
    if (server !== null) report({ type: "counts", counts: server.counts });
    await server?.close();
    process.disconnect?.();
  };

  const take = async (command: LinkedCommand<Settings>): Promise<void> => {
    switch (command.type) {
      case "start":
        return await start(command.settings, command.socketPath);
      case "admit":
        return (await opening)?.links.admit(command.worker, command.credential);
      case "dismiss":
        return (await opening)?.links.dismiss(command.worker);
      case "drain":
        return await drain();
    }
  };

  process.on("message", (command: LinkedCommand<Settings>) => {
    take(command).catch((error: unknown) => {
      report({ type: "failed", message: toWireError(error).message });
      process.exitCode = 1;
      if (process.connected) process.disconnect?.();
    });
  });
  // A supervisor that died takes this process with it.
  process.on("disconnect", () => process.exit());
  // The supervisor decides when a group that got a signal ends.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => undefined);
}

import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryDirectory } from "./temporary-directory.ts";

const ENTRY = new URL("./fixtures/store-process.ts", import.meta.url);

export interface StoreProcess {
  readonly socketPath: string;
  /** As power loss of a process: SIGKILL. */
  kill(): Promise<void>;
  /** Again, on the same file and socket. */
  start(): Promise<void>;
}

export async function startStoreProcess(): Promise<StoreProcess> {
  const directory = temporaryDirectory();
  const socketPath = join(directory, "store.sock");
  const spawn = () => fork(ENTRY, [join(directory, "store.sqlite"), socketPath], { execArgv: [] });
  let child = spawn();
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "message");
  return {
    socketPath,
    async kill() {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
    async start() {
      child = spawn();
      await once(child, "message");
    },
  };
}

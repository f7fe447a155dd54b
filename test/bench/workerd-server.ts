/** workerd, as the peer of a measurement: one process that serves one module, or two behind one port. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer, type Server as NetServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { answerAll, endProcess, freePort, type Server, startServer } from "./processes.ts";

const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 20;
/** The first descriptor after the standard ones. */
const SOCKET_FD = 3;
const WORKER = "main";

export interface WorkerdOptions {
  /** Further workers of the same module that nobody asks. @default 0 */
  readonly idleCount?: number;
}

export async function startWorkerd(
  directory: string,
  handler: string,
  { idleCount = 0 }: WorkerdOptions = {},
): Promise<Server> {
  const port = await freePort();
  const config = writeConfig(join(directory, `workerd-${port}.capnp`), handler, {
    socket: `address = "127.0.0.1:${port}", `,
    idleCount,
  });
  return await startServer("workerd", [workerdBinary(), "serve", config], { port, hosts: ["localhost"] });
}

/** Both accept from one listening socket; the kernel gives a connection to either. */
export async function startWorkerdPair(directory: string, handler: string): Promise<Server> {
  const config = writeConfig(join(directory, "workerd-pair.capnp"), handler, { socket: "", idleCount: 0 });
  const listener = createServer();
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("No port could be had");
  const { port } = address;
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(children.map(endProcess));
  };
  try {
    for (let i = 0; i < 2; i++) {
      const args = ["serve", config, `--socket-fd=http=${SOCKET_FD}`];
      children.push(spawn(workerdBinary(), args, { stdio: ["ignore", "ignore", "ignore", descriptorOf(listener)] }));
    }
    // Closed here before anybody connects: this process must accept none.
    listener.close();
    const deadlineMs = performance.now() + READY_TIMEOUT_MS;
    while (!(await answerAll({ port, hosts: ["localhost"] }))) {
      if (performance.now() > deadlineMs) throw new Error("workerd did not start");
      await delay(POLL_MS);
    }
    return { name: "workerd", port, pids: children.map(({ pid }) => pid ?? 0), close };
  } catch (error) {
    listener.close();
    await close();
    throw error;
  }
}

/** Node has no public name for it; a child can be given a listening socket by its number alone. */
function descriptorOf(server: NetServer): number {
  const { _handle: handle } = server as NetServer & { readonly _handle: { readonly fd: number } };
  return handle.fd;
}

function workerdBinary(): string {
  return (createRequire(import.meta.url)("workerd") as { default: string }).default;
}

function writeConfig(
  path: string,
  handler: string,
  { socket, idleCount }: { readonly socket: string; readonly idleCount: number },
): string {
  const source = JSON.stringify(readFileSync(handler, "utf8"));
  const names = [WORKER, ...Array.from({ length: idleCount }, (_, i) => `idle-${i}`)];
  const services = names.map((name) => `(name = "${name}", worker = .app)`);
  writeFileSync(
    path,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${services.join(", ")}],
  sockets = [(name = "http", ${socket}http = (), service = "${WORKER}")]
);
const app :Workerd.Worker = (modules = [(name = "worker", esModule = ${source})], compatibilityDate = "2026-01-01");
`,
  );
  return path;
}

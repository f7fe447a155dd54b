/** NANO on one machine, as `npm start` has it: embedded control store, Unix sockets, one process tree. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, type Server, startServer } from "./processes.ts";

export const NANOCTL = fileURLToPath(new URL("../../packages/cli/bin/nanoctl", import.meta.url));

/** Of a NANO of one machine. */
export interface NanoServer extends Server {
  readonly adminPort: number;
}

/** An app as a config file has it: a hostname, its module, and what its manifest says. */
export interface NanoApp {
  readonly hostname: string;
  readonly entrypoint: string;
  readonly [setting: string]: unknown;
}

/** Serves one handler under the host of each isolation mode: `app.localhost` and `request.localhost`. */
export function startNano(directory: string, entrypoint: string): Promise<Server> {
  return startNanoWith(
    directory,
    ["app", "request"].map((isolation) => ({ hostname: `${isolation}.localhost`, entrypoint, isolation })),
  );
}

/** Answers when each app's host answers `/` with 200. @param env beside this process's own */
export async function startNanoWith(
  directory: string,
  apps: readonly NanoApp[],
  env: Readonly<Record<string, string>> = {},
): Promise<NanoServer> {
  const port = await freePort();
  const adminPort = await freePort();
  const config = join(directory, "nano.json");
  writeFileSync(config, JSON.stringify({ server: { port, admin_port: adminPort }, apps }));
  const command = [NANOCTL, "run", "--config", config, "--data-dir", join(directory, "data")] as const;
  const server = await startServer("NANO", command, { port, hosts: apps.map(({ hostname }) => hostname), env });
  return { ...server, adminPort };
}

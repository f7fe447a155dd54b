/** NANO on one machine, as `npm start` has it: embedded control store, Unix sockets, one process tree. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, type Server, startServer } from "./processes.ts";

const NANOCTL = fileURLToPath(new URL("../../packages/cli/bin/nanoctl", import.meta.url));

/** Serves one handler under the host of each isolation mode: `app.localhost` and `request.localhost`. */
export async function startNano(directory: string, entrypoint: string): Promise<Server> {
  const port = await freePort();
  const config = join(directory, "nano.json");
  const app = (isolation: string): object => ({ hostname: `${isolation}.localhost`, entrypoint, isolation });
  const server = { port, admin_port: await freePort() };
  writeFileSync(config, JSON.stringify({ server, apps: [app("app"), app("request")] }));
  const command = [NANOCTL, "run", "--config", config, "--data-dir", join(directory, "data")] as const;
  return await startServer("NANO", command, { port, hosts: ["app.localhost", "request.localhost"] });
}

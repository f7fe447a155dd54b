/** workerd, as the peer of a measurement: one process that serves one module. */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { freePort, type Server, startServer } from "./processes.ts";

export async function startWorkerd(directory: string, handler: string): Promise<Server> {
  const port = await freePort();
  const config = join(directory, "workerd.capnp");
  const source = JSON.stringify(readFileSync(handler, "utf8"));
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [(name = "worker", esModule = ${source})], compatibilityDate = "2026-01-01"))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
`,
  );
  const binary = createRequire(import.meta.url)("workerd") as { default: string };
  return await startServer("workerd", [binary.default, "serve", config], { port, hosts: ["localhost"] });
}

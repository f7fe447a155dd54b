import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Link } from "@nano/link/link";
import { eventually } from "@nano/test-kit/eventually";
import { generate } from "selfsigned";
import { expect, onTestFinished, test, vi } from "vitest";
import { createEgressProcess } from "../src/control/egress-process.ts";
import { linkedArguments } from "../src/control/worker-permissions.ts";
import type { WorkerProcess } from "../src/control/worker-process.ts";
import { defaultEgressSettings } from "../src/egress/egress-config.ts";
import { dial, egressFetch, startOrigin } from "./egress-harness.ts";
import { silentLogger } from "./process-harness.ts";
import { temporaryDirectory } from "./sliver-fixture.ts";

const run = promisify(execFile);

/** The process as an executor keeps it, in a directory that a link leads to, and a worker's link to it. */
async function openEgress(): Promise<Link> {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "run"));
  symlinkSync(join(directory, "run"), join(directory, "link"));
  const egress = createEgressProcess({
    socketPath: join(directory, "link", "egress.sock"),
    settings: { ...defaultEgressSettings(), allowedRanges: ["127.0.0.0/8", "::1/128"] },
    logger: silentLogger,
    onReady: () => undefined,
  });
  onTestFinished(() => egress.close());
  await eventually(() => egress.isReady);
  const opened = Promise.withResolvers<Link>();
  const worker = {
    id: "w1",
    openPeer: async (_: string, path: string, credential: string) => opened.resolve(await dial(path, credential)),
  };
  await egress.connect(worker as unknown as WorkerProcess);
  const link = await opened.promise;
  onTestFinished(() => link.close());
  return link;
}

test("the egress process fetches by names of the machine", async () => {
  const link = await openEgress();
  const { port } = await startOrigin((_, response) => response.end("hello"));
  expect((await egressFetch(link, `http://localhost:${port}/`)).body.toString()).toBe("hello");
});

test("the egress process trusts the operator's certificates, from a file that its JavaScript may not read", async () => {
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
  });
  const server = createServer({ cert, key }, (_, response) => response.end("hello"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
  await expect(egressFetch(await openEgress(), url)).rejects.toThrow(/SELF_SIGNED_CERT/);
  const file = join(temporaryDirectory(), "ca.pem");
  writeFileSync(file, cert);
  vi.stubEnv("NODE_EXTRA_CA_CERTS", file);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect((await egressFetch(await openEgress(), url)).body.toString()).toBe("hello");
});

test("a process beside workers may have connections, and neither other files, processes, threads nor addons", async () => {
  const [own, other] = [temporaryDirectory(), temporaryDirectory()];
  const script = join(own, "probe.mjs");
  const attempts = {
    listen: `const { createServer } = await import("node:net"); return new Promise((resolve, reject) => { const s = createServer(); s.on("error", reject); s.listen(0, () => resolve("listens")); });`,
    name: `return typeof (await (await import("node:dns/promises")).lookup("localhost")).address;`,
    ownFile: `(await import("node:fs")).writeFileSync(${JSON.stringify(join(own, "new"))}, "x"); return "written";`,
    otherFile: `(await import("node:fs")).writeFileSync(${JSON.stringify(join(other, "new"))}, "x"); return 1;`,
    passwords: `return (await import("node:fs")).readFileSync("/etc/passwd").length;`,
    process: `(await import("node:child_process")).execFileSync("/bin/true"); return 1;`,
    thread: `new (await import("node:worker_threads")).Worker("0", { eval: true, execArgv: [] }); return 1;`,
    addon: `process.dlopen({ exports: {} }, "/nowhere.node"); return 1;`,
  };
  writeFileSync(
    script,
    `const found = {};
     const attempt = async (name, act) => { try { found[name] = await act(); } catch (error) { found[name] = error.code ?? error.message; } };
     ${Object.entries(attempts)
       .map(([name, code]) => `await attempt(${JSON.stringify(name)}, async () => { ${code} });`)
       .join("\n")}
     console.log(JSON.stringify(found)); process.exit(0);`,
  );
  const { stdout } = await run(process.execPath, [...linkedArguments([own]), script], { env: {} });
  const { addon, ...found } = JSON.parse(stdout) as Record<string, string>;
  expect(found).toEqual({
    listen: "listens",
    name: "string",
    ownFile: "written",
    otherFile: "ERR_ACCESS_DENIED",
    passwords: "ERR_ACCESS_DENIED",
    process: "ERR_ACCESS_DENIED",
    thread: "ERR_ACCESS_DENIED",
  });
  expect(addon).toMatch(/^ERR_(ACCESS_DENIED|DLOPEN_DISABLED)$/);
});

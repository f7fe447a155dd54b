import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { canDropPermission, hasNetPermission, workerArguments } from "../src/control/worker-permissions.ts";
import type { WorkerKind } from "../src/worker-messages.ts";
import { temporaryDirectory } from "./sliver-fixture.ts";

const run = promisify(execFile);

/** Runs code as a worker runs, and answers what each attempt came to. @param begin what the worker does first */
async function probe(
  directory: string,
  attempts: Readonly<Record<string, string>>,
  { kind = "http", begin = "" }: { readonly kind?: WorkerKind; readonly begin?: string } = {},
): Promise<Record<string, string>> {
  const script = join(directory, "probe.mjs");
  writeFileSync(
    script,
    `${begin}
     const found = {};
     const attempt = async (name, act) => { try { found[name] = "done: " + (await act()); } catch (error) { found[name] = error.code ?? error.message; } };
     ${Object.entries(attempts)
       .map(([name, code]) => `await attempt(${JSON.stringify(name)}, async () => { ${code} });`)
       .join("\n")}
     console.log(JSON.stringify(found)); process.exit(0);`,
  );
  const { stdout } = await run(process.execPath, [...workerArguments(directory, kind), script], { env: {} });
  return JSON.parse(stdout) as Record<string, string>;
}

test("a worker reads the product's code and its own directory, and nothing else", async () => {
  const [own, other] = [temporaryDirectory(), temporaryDirectory()];
  writeFileSync(join(own, "mine"), "mine");
  writeFileSync(join(other, "theirs"), "theirs");
  const product = new URL("../src/errors.ts", import.meta.url).pathname;
  const read = (path: string): string =>
    `return (await import("node:fs")).readFileSync(${JSON.stringify(path)}).length;`;
  const found = await probe(own, {
    own: read(join(own, "mine")),
    product: read(product),
    isolatedVm: `const { createRequire } = await import("node:module"); return typeof createRequire(${JSON.stringify(new URL("../../../packages/isolate/src/x.ts", import.meta.url).pathname)})("isolated-vm").Isolate;`,
    otherWorker: read(join(other, "theirs")),
    parent: `return (await import("node:fs")).readdirSync(${JSON.stringify(join(own, ".."))}).length;`,
    prefix: read(`${own}x`),
    passwords: read("/etc/passwd"),
    environment: read("/proc/self/environ"),
    environmentOfThread: read("/proc/thread-self/environ"),
    rootOfThread: read("/proc/thread-self/root/etc/passwd"),
    router: read(new URL("../../router/src/errors.ts", import.meta.url).pathname),
    write: `(await import("node:fs")).writeFileSync(${JSON.stringify(join(own, "new"))}, "x"); return 1;`,
  });
  expect(found).toEqual({
    own: "done: 4",
    product: expect.stringMatching(/^done: \d+/),
    isolatedVm: "done: function",
    otherWorker: "ERR_ACCESS_DENIED",
    parent: "ERR_ACCESS_DENIED",
    prefix: "ERR_ACCESS_DENIED",
    passwords: "ERR_ACCESS_DENIED",
    environment: "ERR_ACCESS_DENIED",
    environmentOfThread: "ERR_ACCESS_DENIED",
    rootOfThread: "ERR_ACCESS_DENIED",
    router: "ERR_ACCESS_DENIED",
    write: "ERR_ACCESS_DENIED",
  });
});

test("a worker starts no process, and no thread once the one that watches its CPU runs", async () => {
  const watch = new URL("../../../packages/isolate/src/cpu-watch.ts", import.meta.url).href;
  const starter = new URL("../src/websocket/thread-starter.ts", import.meta.url).href;
  const begin = `
    import { CpuWatch, CpuWatcher } from ${JSON.stringify(watch)};
    import { giveUpThreads, mayStartThreads } from ${JSON.stringify(starter)};
    const isWatched = mayStartThreads() && CpuWatch.open((await CpuWatcher.open()).shared, 0).isWatching;
    giveUpThreads();`;
  const found = await probe(
    temporaryDirectory(),
    {
      watched: "return isWatched;",
      process: `(await import("node:child_process")).execFileSync("/bin/true"); return 1;`,
      thread: `new (await import("node:worker_threads")).Worker("0", { eval: true, execArgv: [] }); return 1;`,
      inspector: `(await import("node:inspector")).open(0); return 1;`,
    },
    { begin },
  );
  expect(found.watched).toBe(`done: ${canDropPermission()}`);
  expect(found.process).toBe("ERR_ACCESS_DENIED");
  expect(found.thread).toBe("ERR_ACCESS_DENIED");
  expect(found.inspector).not.toMatch(/^done/);
});

test.runIf(hasNetPermission())(
  "of a worker for connections neither its thread nor those of connections start one or read more",
  async () => {
    const directory = temporaryDirectory();
    const starter = new URL("../src/websocket/thread-starter.ts", import.meta.url).href;
    const attempts = {
      thread: `new (await import("node:worker_threads")).Worker("0", { eval: true, execArgv: [] }); return 1;`,
      hooks: `(await import("node:module")).register("data:text/javascript,0"); return 1;`,
      process: `(await import("node:child_process")).execFileSync("/bin/true"); return 1;`,
      passwords: `return (await import("node:fs")).readFileSync("/etc/passwd").length;`,
      listen: `const { createServer } = await import("node:net"); return new Promise((resolve, reject) => { const s = createServer(); s.on("error", reject); s.listen(0, () => resolve("listens")); });`,
    };
    const denied = Object.fromEntries(Object.keys(attempts).map((name) => [name, "ERR_ACCESS_DENIED"]));
    writeFileSync(
      join(directory, "thread.mjs"),
      `import { workerData } from "node:worker_threads";
     import { giveUpThreads } from ${JSON.stringify(starter)};
     giveUpThreads();
     const found = {};
     const attempt = async (name, act) => { try { found[name] = "done: " + (await act()); } catch (error) { found[name] = error.code ?? error.message; } };
     ${Object.entries(attempts)
       .map(([name, code]) => `await attempt(${JSON.stringify(name)}, async () => { ${code} });`)
       .join("\n")}
     workerData.port.postMessage({ found, data: workerData.data });`,
    );
    const begin = `
    import { ThreadStarter } from ${JSON.stringify(starter)};
    const starter = await ThreadStarter.open(new URL("./thread.mjs", import.meta.url));
    const ask = (data) => new Promise((resolve) => starter.start(data).once("message", (said) => resolve(JSON.stringify(said))));`;
    const found = await probe(
      directory,
      { ...attempts, first: "return ask(1);", second: "return ask(2);" },
      { kind: "websocket", begin },
    );
    const { first = "", second = "", ...main } = found;
    expect(main).toEqual(denied);
    expect(JSON.parse(first.replace("done: ", ""))).toEqual({ found: denied, data: 1 });
    expect(JSON.parse(second.replace("done: ", ""))).toEqual({ found: denied, data: 2 });
  },
);

test.runIf(hasNetPermission())("a worker opens no socket: TCP, Unix, listening, UDP, names", async () => {
  const directory = temporaryDirectory();
  const path = join(directory, "s.sock");
  let connectionCount = 0;
  const servers = [createServer(() => (connectionCount += 1)), createServer(() => (connectionCount += 1))] as const;
  await new Promise<void>((resolve) => servers[0].listen(path, resolve));
  await new Promise<void>((resolve) => servers[1].listen(0, "127.0.0.1", resolve));
  const { port } = servers[1].address() as { port: number };
  const connect = (target: string): string =>
    `const { connect } = await import("node:net"); return new Promise((resolve, reject) => { const s = connect(${target}); s.on("connect", () => resolve("connected")); s.on("error", reject); });`;
  const listen = (target: string): string =>
    `const { createServer } = await import("node:net"); return new Promise((resolve, reject) => { const s = createServer(); s.on("error", reject); s.listen(${target}, () => resolve("listens")); });`;
  const found = await probe(directory, {
    tcp: connect(`{ port: ${port}, host: "127.0.0.1" }`),
    unix: connect(JSON.stringify({ path })),
    listenTcp: listen("0"),
    listenUnix: listen(JSON.stringify(join(directory, "own.sock"))),
    udp: `const { createSocket } = await import("node:dgram"); return new Promise((resolve, reject) => { const s = createSocket("udp4"); s.on("error", reject); s.send("x", ${port}, "127.0.0.1", (e) => (e ? reject(e) : resolve("sent"))); });`,
    fetch: `return (await fetch("http://127.0.0.1:${port}/").catch((e) => { throw e.cause ?? e; })).status;`,
    name: `return (await import("node:dns/promises")).lookup("localhost");`,
  });
  for (const server of servers) server.close();
  expect(connectionCount).toBe(0);
  for (const [name, outcome] of Object.entries(found)) expect([name, outcome]).toEqual([name, "ERR_ACCESS_DENIED"]);
});

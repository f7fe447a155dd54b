import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test } from "vitest";
import type { ReadyMessage } from "../src/run-service.ts";

const SERVICE = new URL("./fixtures/sample-service.ts", import.meta.url).pathname;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function watchEnd(child: ChildProcess): Promise<Ended> {
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
  ]);
  return once(child, "exit").then(async ([code]) => {
    const [stdout, stderr] = await output;
    return { code: code as number | null, stdout, stderr };
  });
}

async function start(env: Record<string, string> = {}) {
  const child = fork(SERVICE, [], { execArgv: [], stdio: ["ignore", "pipe", "pipe", "ipc"], env });
  const ended = watchEnd(child);
  const [ready] = (await once(child, "message")) as [ReadyMessage];
  return { child, ended, ready };
}

function runToEnd(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return watchEnd(spawn(process.execPath, [SERVICE, ...args], { stdio: ["ignore", "pipe", "pipe"], env }));
}

async function get(address: string | undefined, path: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://${address}${path}`);
  return { status: response.status, body: await response.text() };
}

test("a service tells its parent where it listens, answers on its admin address, and ends on SIGTERM", async () => {
  const { child, ended, ready } = await start({ SAMPLE_ADMIN_ADDRESS: "127.0.0.1:0" });
  expect(ready).toMatchObject({ type: "ready", name: "sample" });
  const { admin, http } = ready.addresses;
  expect(await get(http, "/")).toEqual({ status: 200, body: "hello" });
  expect((await get(admin, "/healthz")).status).toBe(200);
  expect((await get(admin, "/readyz")).status).toBe(200);
  expect((await get(admin, "/metrics")).body).toContain("sample_process_resident_memory_bytes");
  expect(await get(admin, "/mode")).toEqual({ status: 200, body: '{"mode":"safe"}\n' });
  expect((await get(admin, "/other")).status).toBe(404);
  child.kill("SIGTERM");
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  expect(stdout).not.toContain("never-to-be-seen");
  for (const line of stdout.trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("service", "sample");
});

test("a service whose reader and parent are gone ends by itself, and on SIGTERM", async () => {
  for (const leave of ["disconnect", "SIGTERM"] as const) {
    const child = fork(SERVICE, [], { execArgv: [], stdio: ["ignore", "pipe", "pipe", "ipc"], env: {} });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child, "message");
    child.stdout?.destroy();
    child.stderr?.destroy();
    const exited = once(child, "exit");
    if (leave === "disconnect") child.disconnect();
    else child.kill("SIGTERM");
    expect((await exited)[0]).toBe(0);
  }
});

test("readiness says why a service cannot work", async () => {
  const { ready } = await start({ SAMPLE_ADMIN_ADDRESS: "127.0.0.1:0", SAMPLE_MODE: "fast" });
  const { status, body } = await get(ready.addresses.admin, "/readyz");
  expect(status).toBe(503);
  expect(body).toContain("no routes have been loaded");
});

test("a service whose parent has left ends", async () => {
  const { child, ended } = await start();
  child.disconnect();
  expect((await ended).code).toBe(0);
});

test("a service that does not close ends when its grace is over", async () => {
  const { child, ended } = await start({ SAMPLE_CLOSE_BEHAVIOUR: "never", SAMPLE_SHUTDOWN_GRACE_MS: "50" });
  child.kill("SIGTERM");
  const { code, stdout } = await ended;
  expect(code).toBe(1);
  expect(stdout).toContain("KIT_CLOSE_TIMEOUT");
});

test("while a service closes, its admin address says that it is not ready", async () => {
  const { child, ended, ready } = await start({
    SAMPLE_ADMIN_ADDRESS: "127.0.0.1:0",
    SAMPLE_CLOSE_BEHAVIOUR: "never",
    SAMPLE_SHUTDOWN_GRACE_MS: "2000",
  });
  child.kill("SIGTERM");
  await eventually(async () => (await get(ready.addresses.admin, "/readyz")).status === 503);
  expect((await get(ready.addresses.admin, "/readyz")).body).toContain("closing");
  expect((await get(ready.addresses.admin, "/metrics")).status).toBe(200);
  child.kill("SIGKILL");
  await ended;
});

test("a service that fails to close, to start or to go on says so and ends with 1", async () => {
  const closing = await start({ SAMPLE_CLOSE_BEHAVIOUR: "throws" });
  closing.child.kill("SIGTERM");
  expect(await closing.ended).toMatchObject({ code: 1, stdout: expect.stringContaining("cannot close") });

  const starting = await runToEnd([], { SAMPLE_START_BEHAVIOUR: "throws" });
  expect(starting).toMatchObject({ code: 1, stdout: expect.stringContaining("no start today") });

  const running = await start({ SAMPLE_START_BEHAVIOUR: "fails-later" });
  await get(running.ready.addresses.http, "/");
  expect(await running.ended).toMatchObject({ code: 1, stdout: expect.stringContaining("cannot go on") });
});

test("a wrong configuration ends with 3 and every problem, before anything opens", async () => {
  const { code, stdout, stderr } = await runToEnd([], { SAMPLE_MODE: "x", SAMPLE_NOPE: "1" });
  expect(code).toBe(3);
  expect(stdout).toBe("");
  expect(stderr).toContain('mode (SAMPLE_MODE): got "x", expected one of fast, safe');
  expect(stderr).toContain("SAMPLE_NOPE");
});

test("--print-config shows value, unit and source of each setting; a wrong option ends with 2", async () => {
  const { code, stdout } = await runToEnd(["--print-config"], { SAMPLE_CACHE_LIMIT_BYTES: "1KiB" });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^cache\.limitBytes +1024 +bytes +env$/m);
  expect((await runToEnd(["--wrong"])).code).toBe(2);
});

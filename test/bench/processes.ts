/** Servers that a benchmark measures: started on ports of their own, watched for their CPU, ended with it. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import type { GeneratorJob, GeneratorResult } from "./generator.ts";

/** `CLK_TCK` of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("No port could be had");
  return address.port;
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statFields(Number(name))?.[1]);
    if (Number.isNaN(parent)) continue;
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
}

/** Fields of `/proc/<pid>/stat` after the command's name: state, parent … user and system ticks are 11 and 12. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    // The process ended meanwhile.
    return undefined;
  }
}

/** CPU seconds of a process and all below it. */
export function cpuSecondsOf(root: number): number {
  const children = childrenByParent();
  const pending = [root];
  let ticks = 0;
  for (let pid = pending.pop(); pid !== undefined; pid = pending.pop()) {
    const fields = statFields(pid);
    ticks += Number(fields?.[11] ?? 0) + Number(fields?.[12] ?? 0);
    pending.push(...(children.get(pid) ?? []));
  }
  return ticks / TICKS_PER_SECOND;
}

/** A server under measurement. */
export interface Server {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  close(): Promise<void>;
}

/** Starts a command and waits until every host answers 200. */
export async function startServer(
  name: string,
  command: readonly [string, ...string[]],
  ready: { port: number; hosts: readonly string[] },
): Promise<Server> {
  const [file, ...args] = command;
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (text: Buffer): void => {
    output = (output + text.toString()).slice(-8_192);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while (!(await answerAll(ready))) {
    if (child.exitCode !== null || performance.now() > deadlineMs) {
      child.kill("SIGKILL");
      throw new Error(`${name} did not start:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { name, port: ready.port, pid: child.pid ?? 0, close: () => end(child) };
}

async function answerAll({ port, hosts }: { port: number; hosts: readonly string[] }): Promise<boolean> {
  const answers = await Promise.all(hosts.map((host) => answersAt(port, host)));
  return answers.every((isRight) => isRight);
}

function answersAt(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const req = request({ host: "127.0.0.1", port, path: "/", headers: { host }, agent: false }, (res) => {
      res.resume();
      resolve(res.statusCode === 200);
    });
    req.on("error", () => resolve(false));
    req.end();
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  await exited;
}

export interface LoadResult extends GeneratorResult {
  readonly requestsPerSecond: number;
  /** Of the server's processes, generator excluded. */
  readonly requestsPerCpuSecond: number;
}

/** Loads a server from a generator process and measures the server's CPU meanwhile. */
export async function load(server: Server, job: Omit<GeneratorJob, "port">): Promise<LoadResult> {
  const generator = fileURLToPath(new URL("generator.ts", import.meta.url));
  const child = spawn(process.execPath, [generator, JSON.stringify({ ...job, port: server.port })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let cpuBefore = 0;
  let output = "";
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (cpuBefore === 0 && output.startsWith("counting\n")) cpuBefore = cpuSecondsOf(server.pid);
  }
  const cpuSeconds = cpuSecondsOf(server.pid) - cpuBefore;
  const result = JSON.parse(output.split("\n")[1] ?? "") as GeneratorResult;
  if (result.wrong > 0) throw new Error(`${server.name} gave ${result.wrong} wrong answers`);
  return {
    ...result,
    requestsPerSecond: result.requests / result.seconds,
    requestsPerCpuSecond: result.requests / cpuSeconds,
  };
}

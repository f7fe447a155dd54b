/** Servers that a benchmark measures: started on ports of their own, watched for their CPU, ended with it. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import type { GeneratorJob, GeneratorResult } from "./generator.ts";
import type { OpenLoopJob } from "./open-loop-generator.ts";

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

/** A process and all below it. */
function treeOf(root: number): number[] {
  const children = childrenByParent();
  const found: number[] = [];
  const pending = [root];
  for (let pid = pending.pop(); pid !== undefined; pid = pending.pop()) {
    found.push(pid);
    pending.push(...(children.get(pid) ?? []));
  }
  return found;
}

/** CPU seconds of processes, without what is below them. */
export function cpuSecondsOf(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = statFields(pid);
    ticks += Number(fields?.[11] ?? 0) + Number(fields?.[12] ?? 0);
  }
  return ticks / TICKS_PER_SECOND;
}

/** Those of a process and all below it whose command line holds `part`. */
export function findProcesses(root: number, part: string): number[] {
  return treeOf(root).filter((pid) => commandLine(pid).includes(part));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    // The process ended meanwhile.
    return "";
  }
}

/** A server under measurement. */
export interface Server {
  readonly name: string;
  readonly port: number;
  /** What it was started as; each with all that it has started since. */
  readonly pids: readonly number[];
  close(): Promise<void>;
}

/** Starts a command and waits until every host answers 200. */
export async function startServer(
  name: string,
  command: readonly [string, ...string[]],
  { env = {}, ...ready }: { port: number; hosts: readonly string[]; env?: Readonly<Record<string, string>> },
): Promise<Server> {
  const [file, ...args] = command;
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
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
  return { name, port: ready.port, pids: [child.pid ?? 0], close: () => endProcess(child) };
}

/** Whether every host answers 200. */
export async function answerAll({ port, hosts }: { port: number; hosts: readonly string[] }): Promise<boolean> {
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

/** Asks it to end, and waits until it has. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  await exited;
}

export interface LoadResult extends GeneratorResult {
  readonly requestsPerSecond: number;
  /** Of the server's processes, generator excluded. */
  readonly requestsPerCpuSecond: number;
  /** Of the processes that were named, by their names. */
  readonly cpuMsPerRequest: Readonly<Record<string, number>>;
}

/** Processes of a server whose CPU is told apart. */
export type ServerParts = Readonly<Record<string, readonly number[]>>;

/** Loads a server from a generator process, closed loop, and measures the server's CPU meanwhile. */
export function load(server: Server, job: Omit<GeneratorJob, "port">, parts: ServerParts = {}): Promise<LoadResult> {
  return loadBy("generator.ts", server, { job, parts });
}

/** As `load`, at a fixed rate: latency counts from the intended start of a request. */
export function loadAtRate(server: Server, job: Omit<OpenLoopJob, "port">): Promise<LoadResult> {
  return loadBy("open-loop-generator.ts", server, { job });
}

/** @param generator takes its job as JSON, and prints `counting` and then its result */
export async function loadBy(
  generator: string,
  server: Server,
  { job, parts = {} }: { readonly job: object; readonly parts?: ServerParts },
): Promise<LoadResult> {
  const measureCpu = () => ({
    all: cpuSecondsOf(server.pids.flatMap(treeOf)),
    parts: Object.values(parts).map(cpuSecondsOf),
  });
  const file = fileURLToPath(new URL(generator, import.meta.url));
  const child = spawn(process.execPath, [file, JSON.stringify({ ...job, port: server.port })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let before: ReturnType<typeof measureCpu> | null = null;
  let output = "";
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (before === null && output.startsWith("counting\n")) before = measureCpu();
  }
  const after = measureCpu();
  const [, told = ""] = output.split("\n");
  // Why, it has written to this process's own output.
  if (told === "") throw new Error(`The load on ${server.name} ended early`);
  const result = JSON.parse(told) as GeneratorResult;
  if (result.wrong > 0) throw new Error(`${server.name} gave ${result.wrong} wrong answers`);
  const perRequest = (seconds: number): number => (seconds * 1000) / result.requests;
  return {
    ...result,
    requestsPerSecond: result.requests / result.seconds,
    requestsPerCpuSecond: result.requests / (after.all - (before?.all ?? Number.NaN)),
    cpuMsPerRequest: Object.fromEntries(
      Object.keys(parts).map((part, index) => [
        part,
        perRequest((after.parts[index] ?? Number.NaN) - (before?.parts[index] ?? Number.NaN)),
      ]),
    ),
  };
}

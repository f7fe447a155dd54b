/**
 * The services of a cluster as `infra/` describes them, without containers: processes of this checkout with that very environment
 * and nothing else, what is mounted in a directory of the test, each host an address of loopback.
 */
import { type ChildProcess, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@nano/test-kit/eventually";
import { type Host, type Lab, openLab } from "../e2e/cluster/lab/lab.ts";
import { REPOSITORY } from "../support/checkout.ts";
import { askHttp } from "../support/http-answer.ts";
import type { EnvSetting } from "./service-facts.ts";

const READY_TIMEOUT_MS = 60_000;
const ADMIN_SILENCE_MS = 2_000;
const OUTPUT_LIMIT_CHARS = 100_000;

/** What a container sees at a path. */
export interface Mount {
  readonly path: string;
  /** A name, the same for all who share it, or the absolute path of a file. */
  readonly place: string;
}

export interface SimulatedService {
  /** The folder under `services/`. */
  readonly kind: string;
  /** Of its host, as others name it. */
  readonly name: string;
  readonly env: readonly EnvSetting[];
  readonly mounts: readonly Mount[];
}

interface Running {
  readonly child: ChildProcess;
  readonly adminPort: number;
  readonly exitCode: Promise<number | null>;
  output: string;
}

export class Simulation {
  #directory: string | null = null;
  readonly #lab: Lab = openLab("loopback");
  readonly #hosts = new Map<string, Host>();
  readonly #running = new Map<string, Running>();

  /** Made when it is first asked for: a file's tests may all be left out. */
  get directory(): string {
    this.#directory ??= mkdtempSync(join(tmpdir(), "ni-"));
    return this.#directory;
  }

  /** The host that others know by this name. */
  host(name: string): Host {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const host = this.#lab.addHost(name);
    this.#hosts.set(name, host);
    return host;
  }

  /** Text of a container's with its paths, its own address and other hosts' names as they are here. */
  translate(text: string, { name, mounts }: Pick<SimulatedService, "name" | "mounts">): string {
    const { address } = this.host(name);
    const places = new Map(mounts.map(({ path, place }) => [path, place]));
    const longestFirst = [...places.keys()].sort((a, b) => b.length - a.length);
    // In one pass: places may hold what looks like a path of a container.
    const paths = new RegExp(
      `(?<![\\w.-])(?:${longestFirst.map((path) => path.replaceAll(".", "\\.")).join("|")})(?![\\w.-])`,
      "g",
    );
    return text
      .replaceAll(paths, (path) => this.#place(places.get(path) ?? ""))
      .replaceAll(/0\.0\.0\.0|\$\(POD_IP\)/g, address)
      .replaceAll(/(?<=\/\/)([a-z][a-z0-9-]*)(?=:\d)/g, (other) => this.host(other).address);
  }

  /** Runs what a container runs once, such as an init container's command. */
  runOnce(
    [command = "", ...args]: readonly string[],
    service: Pick<SimulatedService, "name" | "mounts" | "env">,
  ): void {
    const program = command === "node" ? process.execPath : command;
    const translated = args.map((arg) => this.translate(arg, service));
    execFileSync(program, translated, { env: this.#environmentOf(service), stdio: ["ignore", "pipe", "pipe"] });
  }

  /** As the image's entry point starts it: without any of Node's flags. */
  start(service: SimulatedService): void {
    const { kind, name } = service;
    const env = this.#environmentOf(service);
    const main = join(REPOSITORY, "services", kind, "src/main.ts");
    const child = this.host(name).spawn([process.execPath, main], env);
    const admin = Object.entries(env).find(([setting]) => setting.endsWith("_ADMIN_ADDRESS"))?.[1] ?? "";
    const exitCode = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const running: Running = { child, adminPort: Number(admin.split(":").at(-1)), exitCode, output: "" };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        running.output = (running.output + text).slice(-OUTPUT_LIMIT_CHARS);
      });
    }
    this.#running.set(name, running);
  }

  /** Until its readiness probe passes. @throws with what it wrote where it does not, or ends */
  async ready(name: string): Promise<void> {
    const isReady = async (): Promise<boolean> => {
      if (this.#of(name).child.exitCode !== null) throw new Error("It ended");
      return (await this.admin(name, "/readyz").catch(() => null))?.status === 200;
    };
    await eventually(isReady, { timeoutMs: READY_TIMEOUT_MS }).catch((cause: Error) => {
      throw new Error(`${name} is not ready: ${cause.message}\n${this.#of(name).output}`, { cause });
    });
  }

  /** What its admin port answers. */
  admin(name: string, path: string) {
    const { adminPort: port } = this.#of(name);
    return askHttp({ host: this.host(name).address, port, path, silenceMs: ADMIN_SILENCE_MS });
  }

  /** Tells it to end, and answers with its exit code. */
  stop(name: string): Promise<number | null> {
    const { child, exitCode } = this.#of(name);
    child.kill("SIGTERM");
    return exitCode;
  }

  /** What it wrote. */
  output(name: string): string {
    return this.#of(name).output;
  }

  async close(): Promise<void> {
    this.#lab.close();
    await Promise.all([...this.#running.values()].map(({ exitCode }) => exitCode));
    if (this.#directory !== null) rmSync(this.#directory, { recursive: true, force: true });
  }

  #of(name: string): Running {
    const running = this.#running.get(name);
    if (running === undefined) throw new Error(`${name} was not started`);
    return running;
  }

  #place(place: string): string {
    if (place.startsWith("/")) return place;
    const directory = join(this.directory, place);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return directory;
  }

  #environmentOf(service: Pick<SimulatedService, "name" | "mounts" | "env">): Record<string, string> {
    const given = service.env.flatMap(({ name, value }) =>
      value === undefined ? [] : [[name, this.translate(value, service)] as const],
    );
    return { PATH: process.env.PATH ?? "", ...Object.fromEntries(given) };
  }
}

/** Real Redis servers for tests: each a process of its own, in a directory of its own, gone with its test. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeEach } from "vitest";

/** What a test that needs Redis is called where there is none; the final count lists it under this. */
export const NO_REDIS = "not run: no redis-server";

export const hasRedisServer = spawnSync("redis-server", ["--version"]).status === 0;

/** Skips the tests of a file, or of a `describe`, where there is no Redis. */
export function needRedisServer(): void {
  beforeEach((context) => {
    if (!hasRedisServer) context.skip(NO_REDIS);
  });
}

const DEFAULT_HOST = "127.0.0.1";
const READY = /eady to accept connections/;
const SENTINEL_READY = /\+monitor master/;
const OUTPUT_LIMIT_CHARS = 256 * 1024;

/** A TCP port that nobody listens on, as of now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** How its process is started: where it is to run elsewhere than here, such as in a namespace. */
export type SpawnRedis = (argv: readonly string[]) => ChildProcess;

const spawnHere: SpawnRedis = ([command = "", ...args]) => spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });

export interface RedisServerOptions {
  /** Made where it is not there; holds data, socket and config. */
  readonly directory: string;
  /** TCP port. @default 0, none */
  readonly port?: number;
  /** Address of that port. @default 127.0.0.1 */
  readonly host?: string;
  readonly spawn?: SpawnRedis;
  /** Further arguments, or for a Sentinel the path of its config. */
  readonly args?: readonly string[];
  readonly isSentinel?: boolean;
}

export class RedisServer {
  readonly options: RedisServerOptions;
  readonly socketPath: string;
  #child: ChildProcess | null = null;
  #output = "";
  #listeners = new Set<() => void>();

  constructor(options: RedisServerOptions) {
    this.options = options;
    this.socketPath = join(options.directory, "redis.sock");
  }

  get url(): string {
    const { port = 0, host = DEFAULT_HOST } = this.options;
    return port === 0 ? `unix:${this.socketPath}` : `redis://${host}:${port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it, and waits until it takes commands, or until `ready` is in what it prints. */
  async start(ready: RegExp = this.options.isSentinel ? SENTINEL_READY : READY): Promise<this> {
    const { directory, port = 0, host = DEFAULT_HOST, args = [], isSentinel = false, spawn = spawnHere } = this.options;
    mkdirSync(directory, { recursive: true });
    const common = ["--port", `${port}`, "--bind", host, "--unixsocket", this.socketPath, "--dir", directory];
    const all = isSentinel ? [...args, "--sentinel"] : [...common, "--repl-diskless-sync-delay", "0", ...args];
    this.#output = "";
    const child = spawn(["redis-server", ...all]);
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-OUTPUT_LIMIT_CHARS);
        for (const listener of this.#listeners) listener();
      });
    }
    child.once("exit", () => {
      for (const listener of this.#listeners) listener();
    });
    await this.printed(ready);
    return this;
  }

  /** Until it has printed this since its start. @throws where it ends first */
  async printed(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#output)) {
      const child = this.#child;
      if (child === null || child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`redis-server ended before it printed ${pattern}:\n${this.#output}`);
      }
      const news = Promise.withResolvers<void>();
      this.#listeners.add(news.resolve);
      await news.promise;
      this.#listeners.delete(news.resolve);
    }
  }

  /** Ends it: SIGKILL as a crash does, SIGTERM to let it save. */
  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    // One that is stopped does not see another signal.
    child.kill("SIGCONT");
    child.kill(signal);
    await exited;
  }

  /** Stops it in its tracks, as a host that hangs does; its connections stay. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }
}

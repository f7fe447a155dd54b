/** A real registry in this process, a builder that a test speaks for, and nanoctl against both. */
import { hash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { registryConfig } from "@nano/app-registry/config";
import { openRegistry } from "@nano/app-registry/open-registry";
import type { BuildOutcome } from "@nano/control-store/build-queue";
import { EmbeddedBuildQueue } from "@nano/control-store/embedded-build-queue";
import type { ArtifactDigest, EngineFingerprint } from "@nano/protocol/brands";
import type { BuildEvent, BuildJob } from "@nano/protocol/records";
import { loadConfig } from "@nano/service-kit/config";
import { createSilentLogger } from "@nano/service-kit/logger";
import { Metrics } from "@nano/service-kit/metrics";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { onTestFinished } from "vitest";
import type { Input } from "../src/cluster/private-input.ts";
import type { ExitCode } from "../src/exit-codes.ts";
import { runNanoctl } from "../src/run-nanoctl.ts";

const ENGINE = "e".repeat(32) as EngineFingerprint;

export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), "nano-ctl-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** An operator's token, of the form that the registry takes. */
export function createToken(): string {
  return `nano_${randomBytes(8).toString("hex")}_${randomBytes(32).toString("base64url")}`;
}

export interface Ended {
  readonly exitCode: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

class Sink {
  text = "";
  readonly #onText: (text: string) => void;

  constructor(onText: (text: string) => void = () => {}) {
    this.#onText = onText;
  }

  write(text: string): boolean {
    this.text += text;
    this.#onText(this.text);
    return true;
  }

  once(): void {}
}

/** What happens while nanoctl runs. */
export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  onOutput?(stdout: string): void;
  onProblems?(stderr: string): void;
}

/** A user with a home, who runs nanoctl. */
export function createUser() {
  const home = temporaryDirectory();
  const nanoctl = async (
    args: readonly string[],
    { stdin = "", env = {}, onOutput, onProblems }: RunOptions = {},
  ): Promise<Ended> => {
    const stdout = new Sink(onOutput);
    const stderr = new Sink(onProblems);
    const input = Readable.from([Buffer.from(stdin)]) as Input;
    const exitCode = await runNanoctl(args, { version: "0", env: { HOME: home, ...env }, input, stdout, stderr });
    return { exitCode, stdout: stdout.text, stderr: stderr.text };
  };
  return { home, nanoctl, clustersFile: join(home, ".config/nano/clusters.json") };
}

/** An app's directory. */
export function writeApp(name: string, files: Readonly<Record<string, string>>): string {
  const directory = join(temporaryDirectory(), name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(directory, file, ".."), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
  return directory;
}

export const HELLO = { "index.js": "export default { fetch: () => new Response('hi') };" };

type Build = (job: BuildJob, report: (event: BuildEvent) => void) => Promise<BuildOutcome | null>;

/** @param build what the builder makes of a job; null: a sliver. */
export async function openCluster(build: Build = async () => null) {
  const directory = temporaryDirectory();
  const token = createToken();
  const tokenFile = join(directory, "bootstrap-token");
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const { value: config } = loadConfig(registryConfig, {
    env: {
      REGISTRY_HTTP_ADDRESS: "127.0.0.1:0",
      REGISTRY_HTTP_SOCKET_PATH: join(directory, "api.sock"),
      REGISTRY_DATA_DIRECTORY: directory,
      REGISTRY_TOKENS_BOOTSTRAP_FILE: tokenFile,
    },
  });
  const open = (http = config.http.address) =>
    openRegistry({
      config: { ...config, http: { ...config.http, address: http } },
      logger: createSilentLogger(),
      metrics: new Metrics("registry"),
      fail: (error) => {
        throw error;
      },
    });
  let registry = await open();
  const address = registry.addresses.http as string;
  const artifacts = new DirectoryStore(join(directory, "artifacts"));
  const queue = new EmbeddedBuildQueue(registry.addresses.store as string);
  const ending = new AbortController();
  const building = queue
    .takeJobs(async (job, report) => {
      const outcome = await build(job, report);
      if (outcome !== null) return outcome;
      const content = Buffer.from(`sliver of ${job.version}`);
      const sliver = hash("sha256", content) as ArtifactDigest;
      await artifacts.put(sliver, content);
      return { type: "built", fingerprint: ENGINE, sliver, rung: "heap", elapsedMs: 1 };
    }, ending.signal)
    .catch(() => undefined);
  onTestFinished(async () => {
    ending.abort();
    await building;
    await queue.close();
    await registry.close(AbortSignal.timeout(5000));
  });
  return {
    url: `http://${address}`,
    socket: `unix:${join(directory, "api.sock")}`,
    token,
    tokenFile,
    artifacts,
    /** Ends the registry, and starts another at the same place. */
    async restart() {
      await registry.close(AbortSignal.timeout(5000));
      registry = await open(address);
    },
  };
}

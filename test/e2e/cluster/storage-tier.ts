/** Where a cluster keeps artifacts: a directory that all hosts share, or a server that speaks like S3, on a host of its own. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { eventually } from "@nano/test-kit/eventually";
import { askHttp } from "../../support/http-answer.ts";
import type { Host } from "./lab/lab.ts";

const S3_PORT = 9000;
const BUCKET = "artifacts";
/** What s3rver takes. */
const S3_KEY = "S3RVER";

export interface StorageTier {
  readonly name: string;
  /** Settings of a service, by the part of their names after its prefix and `STORE_`, or `ARTIFACTS_` of the registry. */
  readonly settings: Readonly<Record<string, string>>;
  start(): Promise<void>;
  /** Takes it away, until it is started again; what is in it stays. */
  stop(): Promise<void>;
}

export class DirectoryStorage implements StorageTier {
  readonly name = "directory";
  readonly #directory: string;
  #isAway = false;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory);
  }

  get settings(): Readonly<Record<string, string>> {
    return { DIRECTORY: this.#directory };
  }

  async start(): Promise<void> {
    if (this.#isAway) renameSync(`${this.#directory}.away`, this.#directory);
    this.#isAway = false;
  }

  async stop(): Promise<void> {
    renameSync(this.#directory, `${this.#directory}.away`);
    this.#isAway = true;
  }
}

export class S3Storage implements StorageTier {
  readonly name = "S3";
  readonly settings: Readonly<Record<string, string>>;
  readonly #host: Host;
  readonly #directory: string;

  /** `directory`: the server's own. */
  constructor(host: Host, directory: string) {
    this.#host = host;
    this.#directory = directory;
    const secretFile = join(directory, "s3.secret");
    writeFileSync(secretFile, S3_KEY, { mode: 0o600 });
    this.settings = {
      S3_BUCKET: BUCKET,
      S3_ENDPOINT: `http://${host.address}:${S3_PORT}`,
      S3_REGION: "us-east-1",
      S3_PATH_STYLE: "true",
      S3_ACCESS_KEY_ID: S3_KEY,
      S3_SECRET_ACCESS_KEY_FILE: secretFile,
    };
  }

  async start(): Promise<void> {
    const root = dirname(createRequire(import.meta.url).resolve("s3rver/package.json"));
    const data = join(this.#directory, "data");
    mkdirSync(data, { recursive: true });
    const place = ["-d", data, "-a", this.#host.address, "-p", `${S3_PORT}`, "--configure-bucket", BUCKET];
    const child = this.#host.spawn([process.execPath, join(root, "bin/s3rver.js"), ...place, "--silent"]);
    // Nobody reads it, and a pipe that is full would stop the server.
    child.stdout?.resume();
    child.stderr?.resume();
    await eventually(async () => (await this.#ask()) !== 0);
  }

  async stop(): Promise<void> {
    this.#host.killAll();
    await eventually(async () => (await this.#ask()) === 0);
  }

  async #ask(): Promise<number> {
    const answer = await askHttp({ host: this.#host.address, port: S3_PORT, path: "/" }).catch(() => null);
    return answer?.status ?? 0;
  }
}

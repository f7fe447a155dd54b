/** `nanoctl` against a cluster, in a process of its own, as its user runs it. */
import { spawn } from "node:child_process";
import { join } from "node:path";

const TIMEOUT_MS = 120_000;

export interface NanoctlOptions {
  /** The checkout that it is run from. */
  readonly root: string;
  readonly url: string;
  readonly tokenFile: string;
  /** Holds what it remembers. */
  readonly home: string;
}

export class Nanoctl {
  readonly #options: NanoctlOptions;

  constructor(options: NanoctlOptions) {
    this.#options = options;
  }

  /** Runs one command with `--json`, and answers what it printed. @throws with all of its output where it fails */
  async run<T>(args: readonly string[]): Promise<T> {
    const { root, url, tokenFile, home } = this.#options;
    const child = spawn(process.execPath, [join(root, "packages/cli/src/main.ts"), ...args, "--json"], {
      env: { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: home, NANO_URL: url, NANO_TOKEN_FILE: tokenFile },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TIMEOUT_MS,
    });
    let printed = "";
    let problems = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (problems += text));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (code !== 0) throw new Error(`nanoctl ${args.join(" ")} ended with ${code}:\n${problems}${printed}`);
    return (printed === "" ? null : JSON.parse(printed)) as T;
  }
}

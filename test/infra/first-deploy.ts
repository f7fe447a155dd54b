/** What whoever has set a cluster up does first: signs in with the operator's token, deploys an app, gives it a secret, asks it. */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "@nano/test-kit/eventually";
import { REPOSITORY } from "../support/checkout.ts";
import { askHttp } from "../support/http-answer.ts";

const SILENCE_MS = 10_000;
const NANOCTL_TIMEOUT_MS = 60_000;
const SECRET = "told to nobody else";
const HOST_NAME = "first.localhost";
const SOURCE = `export default { fetch(request, env) { return new Response("first " + env.WORD) } }`;

export interface FirstDeployOptions {
  /** For what is written. */
  readonly directory: string;
  readonly registryUrl: string;
  readonly tokenFile: string;
  readonly router: { readonly host: string; readonly port: number };
}

/** Resolves when the app has answered with its secret: registry, builder, executor and router share what they have to. */
export async function deployFirst({ directory, registryUrl, tokenFile, router }: FirstDeployOptions): Promise<void> {
  const app = join(directory, "first-app");
  const home = join(directory, "home");
  mkdirSync(app);
  mkdirSync(home);
  writeFileSync(join(app, "index.js"), SOURCE);
  const nanoctl = (...args: string[]): Promise<void> => runNanoctl(args, { home, input: SECRET });
  await nanoctl("login", registryUrl, "--token-file", tokenFile, "--apps-url", `http://127.0.0.1:${router.port}`);
  await nanoctl("deploy", app, "--app", "first", "--route", HOST_NAME);
  await nanoctl("secret", "set", "first", "WORD");
  const answered = async (): Promise<boolean> => {
    const answer = await askHttp({ ...router, path: "/", silenceMs: SILENCE_MS }, { headers: { host: HOST_NAME } });
    return answer.status === 200 && answer.text === `first ${SECRET}`;
  };
  // Changes reach routers and executors within a second.
  await eventually(answered);
}

/** Beside others of this process, which may be asked meanwhile. @throws with its output where it fails */
async function runNanoctl(args: readonly string[], { home, input }: { home: string; input: string }): Promise<void> {
  const child = spawn(process.execPath, [join(REPOSITORY, "packages/cli/src/main.ts"), ...args], {
    env: { PATH: process.env.PATH, HOME: home },
    timeout: NANOCTL_TIMEOUT_MS,
  });
  child.stdin.on("error", () => undefined).end(input);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`nanoctl ${args.join(" ")} ended with ${code}:\n${output}`);
}

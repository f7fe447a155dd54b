/** Asks the package registry, by npm: which knows its address, proxies, certificates and who may ask. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The registry is not waited for any longer; it is no fault of a change if it is away. */
export const REGISTRY_TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const MAX_REASON_LENGTH = 200;

/**
 * All versions of a package, or why they are not known.
 * @param {string} name
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<{ versions: readonly string[] } | { unknown: string }>}
 */
export async function listVersions(name, { cwd, env }) {
  // A cache of its own: npm answers from the usual one where there is no network, and that is an older day's news.
  const cache = await mkdtemp(join(tmpdir(), "nano-releases-"));
  try {
    const settings = ["--json", "--loglevel=error", "--no-update-notifier", "--fetch-retries=0", `--cache=${cache}`];
    const { error, stdout } = await run("npm", ["view", name, "versions", ...settings], { cwd, env });
    if (error !== undefined) return { unknown: error };
    const versions = parseVersions(stdout);
    return versions === undefined ? { unknown: "its answer is no list of versions" } : { versions };
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<{ error: string | undefined, stdout: string }>}
 */
function run(file, args, { cwd, env }) {
  const limits = { timeout: REGISTRY_TIMEOUT_MS, killSignal: /** @type {const} */ ("SIGKILL") };
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env, maxBuffer: MAX_ANSWER_BYTES, ...limits }, (error, stdout, stderr) => {
      resolve({ error: error === null ? undefined : tellFailure(error, `${stderr}\n${stdout}`), stdout });
    });
  });
}

/**
 * @param {import("node:child_process").ExecFileException} error
 * @param {string} output
 */
function tellFailure(error, output) {
  if (error.killed && error.signal === "SIGKILL") return `it gave no answer within ${REGISTRY_TIMEOUT_MS / 1000} s`;
  if (error.code === "ENOENT") return "there is no npm on the path";
  const code = /^npm (?:error|ERR!) code (\S+)$/m.exec(output)?.[1];
  return `npm says ${code ?? output.trim().split("\n")[0]}`.slice(0, MAX_REASON_LENGTH);
}

/**
 * npm answers a text in place of a list where there is one version only.
 * @param {string} text
 */
function parseVersions(text) {
  try {
    const answer = JSON.parse(text);
    const list = typeof answer === "string" ? [answer] : answer;
    const isList = Array.isArray(list) && list.length > 0 && list.every((each) => typeof each === "string");
    return isList ? /** @type {string[]} */ (list) : undefined;
  } catch {
    return undefined;
  }
}

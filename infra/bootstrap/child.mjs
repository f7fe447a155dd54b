/** Runs programs for set-up: quietly with their output kept for a failure, or in the foreground. */
import { spawn } from "node:child_process";
import { constants } from "node:os";

const KEPT_OUTPUT_BYTES = 64 * 1024;
/** How often a task looks whether the script that started it is still there. */
const PARENT_CHECK_MS = 500;
const FORWARDED_SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/**
 * @typedef {{ cwd: string, env: NodeJS.ProcessEnv }} ChildOptions
 */

/**
 * Runs a step; rejects with the end of its output where it fails.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {ChildOptions} options
 */
export async function runQuietly(file, args, options) {
  let output = "";
  const { code } = await run(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] }, (child) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        output = (output + text).slice(-KEPT_OUTPUT_BYTES);
      });
    }
  });
  if (code !== 0) throw new StepFailure(`${[file, ...args].join(" ")} ended with ${code}`, output.trim(), code);
}

/**
 * Runs the task itself on our own terminal. Answers its exit code.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {ChildOptions} options
 */
export async function runInForeground(file, args, options) {
  const parentPid = process.ppid;
  const { code } = await run(file, args, options, (child) => {
    if (process.env.npm_lifecycle_event === undefined) return;
    // npm passes a signal on to its shell, which dies of it and tells nobody: the task would be left behind.
    const timer = setInterval(() => {
      if (process.ppid === parentPid) return;
      clearInterval(timer);
      child.kill("SIGTERM");
    }, PARENT_CHECK_MS);
    child.on("close", () => clearInterval(timer));
  });
  return code;
}

export class StepFailure extends Error {
  /** @type {(message: string, output: string, code: number) => void} */
  constructor(message, output, code) {
    super(message);
    this.output = output;
    this.code = code;
  }
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @param {ChildOptions & { stdio?: import("node:child_process").StdioOptions }} options
 * @param {(child: import("node:child_process").ChildProcess) => void} listen
 * @returns {Promise<{ code: number }>}
 */
function run(file, args, { cwd, env, stdio = "inherit" }, listen) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio });
    listen(child);
    const forward = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
    for (const signal of FORWARDED_SIGNALS) process.on(signal, forward);
    const settle = () => {
      for (const signal of FORWARDED_SIGNALS) process.off(signal, forward);
    };
    child.on("error", (error) => {
      settle();
      reject(new StepFailure(`${file} could not be started: ${error.message}`, "", 1));
    });
    child.on("close", (code, signal) => {
      settle();
      resolve({ code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) });
    });
  });
}

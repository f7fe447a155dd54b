/** Runs programs for set-up: quietly with their output kept for a failure, or in the foreground. */
import { spawn } from "node:child_process";
import { constants } from "node:os";

const KEPT_OUTPUT_BYTES = 64 * 1024;
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
  const { code } = await run(file, args, options, (child) => {
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
  const { code } = await run(file, args, options);
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
 * @param {ChildOptions} options
 * @param {(child: import("node:child_process").ChildProcess) => void} [listen] takes the output; without it, it is ours
 * @returns {Promise<{ code: number }>}
 */
function run(file, args, { cwd, env }, listen) {
  return new Promise((resolve, reject) => {
    const stdio = listen === undefined ? "inherit" : /** @type {const} */ (["ignore", "pipe", "pipe"]);
    const child = spawn(file, args, { cwd, env, stdio });
    listen?.(child);
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

/**
 * `npm start`, `npm test`, `npm run e2e`, `npm run bench`, `npm run churn`, `npm run soak:websocket`, `npm run soak:attacks`, `npm run attacks`, `npm run conformance` and `npm run readme`: sets NANO up where that is not done yet, then runs the task.
 * Runs on Node 20 with nothing installed.
 */
import { fileURLToPath } from "node:url";
import { runInForeground, StepFailure } from "./child.mjs";
import { createProgress } from "./progress.mjs";
import { provideRedis } from "./redis.mjs";
import { findUnsupported, setUp } from "./steps.mjs";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** What `npm start` serves unless it is told. */
const EXAMPLE_APPS = ["--config", "test/apps/nano.config.json"];
const TARGET_OPTIONS = ["--config", "--entrypoint", "--sliver", "--help", "-h"];
/** Other options of `nanoctl run` whose value is the next argument. */
const OPTIONS_WITH_VALUE = ["--host", "--port", "--admin-port", "--data-dir"];

const TASKS_WITH_REDIS = ["test", "e2e", "set-up"];

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * @typedef {{ env: NodeJS.ProcessEnv, node: string, args: readonly string[],
 *   progress: ReturnType<typeof createProgress> }} TaskContext
 * @type {Record<string, (context: TaskContext) => Promise<number>>}
 */
const tasks = {
  start: ({ node, env, args }) => {
    const serve = namesTarget(args) ? args : [...EXAMPLE_APPS, ...args];
    return runInForeground(node, ["packages/cli/src/main.ts", "run", ...serve], { cwd: root, env });
  },

  /** Runs the tests even where the static check fails, so that one run shows all; either fails the task. */
  test: async ({ node, env, args, progress }) => {
    const checkCode = args.length > 0 ? 0 : await runInForeground("pnpm", ["--silent", "check"], { cwd: root, env });
    if (checkCode !== 0)
      progress.line(`check failed (exit code ${checkCode}): formatting, lint, types or releases, see above`);
    const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/vitest.config.ts", ...args];
    const testCode = await runInForeground(node, vitest, { cwd: root, env });
    return testCode === 0 ? checkCode : testCode;
  },

  bench: ({ node, env, args }) =>
    runInForeground(node, ["--no-node-snapshot", "test/bench/main.ts", ...args], { cwd: root, env }),

  /** The cluster's scenarios alone; `NANO_E2E_STEP_SECONDS` makes their steps longer. */
  e2e: ({ node, env, args }) => {
    const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/vitest.config.ts", "--project", "e2e*"];
    return runInForeground(node, [...vitest, ...(args.length > 0 ? args : ["test/e2e/cluster"])], { cwd: root, env });
  },

  /** Restores and disposes of isolates for minutes, and checks their answers. */
  churn: ({ node, env, args }) => runInForeground(node, ["test/soak/main.ts", ...args], { cwd: root, env }),

  /** Opens and closes WebSocket connections for minutes, and looks for what is left of them. */
  "soak:websocket": ({ node, env, args }) =>
    runInForeground(node, ["test/soak/sockets.main.ts", ...args], { cwd: root, env }),

  /** Attacks at random on a NANO under mixed load, for minutes. */
  "soak:attacks": ({ node, env, args }) =>
    runInForeground(node, ["--no-node-snapshot", "test/soak/attacks.main.ts", ...args], { cwd: root, env }),

  /** The attack corpus against a NANO of its own, with neighbours under load, as a table. */
  attacks: ({ node, env, args }) =>
    runInForeground(node, ["--no-node-snapshot", "test/attacks/main.ts", ...args], { cwd: root, env }),

  /** The cases of the web platform alone, as a table. */
  conformance: ({ node, env, args }) =>
    runInForeground(node, ["--no-node-snapshot", "test/conformance/web/main.ts", ...args], { cwd: root, env }),

  /** Writes the tables of README anew. */
  readme: ({ node, env }) => runInForeground(node, ["test/readme-blocks.ts"], { cwd: root, env }),

  /** Set-up alone. */
  "set-up": async () => 0,
};

/** Whether arguments of `nanoctl run` say what to serve, or ask for help. @param {readonly string[]} args */
function namesTarget(args) {
  return args.some((arg, i) => {
    if (!arg.startsWith("-")) return !OPTIONS_WITH_VALUE.includes(args[i - 1] ?? "");
    return TARGET_OPTIONS.includes(arg.replace(/=.*$/s, ""));
  });
}

/** @param {readonly string[]} argv */
async function main(argv) {
  const progress = createProgress({ stream: process.stderr, env: process.env });
  const [name = "", ...args] = argv;
  const task = tasks[name];
  if (task === undefined) {
    progress.line(`Task is unknown: "${name}", expected one of ${Object.keys(tasks).join(", ")}`);
    return EXIT_USAGE;
  }
  const unsupported = findUnsupported();
  if (unsupported !== undefined) {
    progress.line(unsupported);
    return EXIT_FAILED;
  }
  try {
    const { env, node } = await setUp({ root, env: withoutScriptEnv(process.env), progress });
    if (TASKS_WITH_REDIS.includes(name)) await provideRedis({ root, env, progress });
    return await task({ env, node, args, progress });
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    if (error.output !== "") progress.line(error.output);
    progress.line(`Set-up failed: ${error.message}`);
    return error.code === 0 ? EXIT_FAILED : error.code;
  }
}

/** Without what npm tells its scripts about *this* package, which would mislead the npm and pnpm that set-up runs.
 * @param {NodeJS.ProcessEnv} env */
function withoutScriptEnv(env) {
  const isScriptOnly = (/** @type {string} */ name) =>
    /^npm_(package|lifecycle)_|^npm_config_(local_prefix|user_agent|npm_version|noproxy|node_gyp|global_prefix|prefix)$/.test(
      name,
    );
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isScriptOnly(name)));
}

process.exitCode = await main(process.argv.slice(2));

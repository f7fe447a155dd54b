/**
 * `nanoctl run`: the services of one machine, the apps of a plan on them, and both kept so until the end.
 *
 * I1 Whatever ends it, processes, sockets and the lock are gone when `runMachine` returns; the lock's file stays, held by nobody.
 */
import { isAbsolute, resolve } from "node:path";
import type { RunPlan } from "../config/config-file.ts";
import { writeRegistryAddress } from "../config/data-directory.ts";
import { findKeyPlaces, openKeys } from "../config/key-places.ts";
import { defaultDataDirectory, loadPlan, type ServerOverrides, type Target } from "../config/load-plan.ts";
import { ExitCode } from "../exit-codes.ts";
import { describeError } from "../output/describe-error.ts";
import type { Terminal } from "../output/terminal.ts";
import { readSliver } from "../sliver/read-sliver.ts";
import { lockDataDirectory } from "./data-lock.ts";
import { type EndSignal, listenForEnd } from "./end-signal.ts";
import { Machine } from "./machine.ts";
import { createRunDirectory } from "./run-directory.ts";
import { listUnreadSettings, registryAddress } from "./services.ts";
import { watchFile } from "./watch-file.ts";

export interface RunOptions {
  readonly target: Target;
  readonly overrides: ServerOverrides;
  /** `--data-dir`, or null. */
  readonly dataDirectory: string | null;
  readonly isVerbose: boolean;
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Of variables without effect, so many are named. */
const MAX_SHOWN_VARIABLES = 5;

/** Serves until it is told to end. Answers the exit code; what prevents a start is thrown. */
export async function runMachine(options: RunOptions): Promise<ExitCode> {
  const { target, overrides, terminal, env } = options;
  const plan = await loadPlan(target, overrides);
  const unread = listUnreadSettings(env);
  if (unread.length > 0) {
    const names = unread.slice(0, MAX_SHOWN_VARIABLES).join(", ");
    terminal.line(
      terminal.paint(
        "yellow",
        `Without effect: ${names}; nanoctl run is set by its options and by server of the config file`,
      ),
    );
  }
  const chosen = options.dataDirectory === null ? null : resolve(options.dataDirectory);
  const dataDirectory = chosen ?? defaultDataDirectory(target);
  await using stack = new AsyncDisposableStack();
  const end = stack.adopt(listenForEnd(), (signal) => signal.dispose());
  stack.adopt(lockDataDirectory(dataDirectory), (lock) => lock.release());
  const keyPlaces = findKeyPlaces({ chosenDataDirectory: chosen, dataDirectory, env });
  const keys = await openKeys(keyPlaces);
  // A bad file that is all there is to serve ends the run with its reason; one of several is shown beside the others.
  if (target.kind === "sliver") await readSliver(resolve(target.path), keys.trustedKeys);
  const run = stack.adopt(createRunDirectory(env), (directory) => directory.dispose());

  const address = registryAddress({ runDirectory: run.path });
  stack.adopt(writeRegistryAddress(dataDirectory, address), (file) => file.dispose());

  const machine = new Machine({
    places: { dataDirectory, runDirectory: run.path, keys: keyPlaces },
    terminal,
    isVerbose: options.isVerbose,
    env,
  });
  stack.defer(() => machine.close());
  end.onImpatience(() => machine.kill());

  const served = serve(machine, plan, options);
  if (target.kind === "config") {
    stack.adopt(await watchConfig(machine, served, options), (watch) => watch.close());
  }
  await Promise.race([served, end.reached]);
  await end.reached;
  return exitCodeFor(end);
}

async function serve(machine: Machine, plan: RunPlan, { terminal }: RunOptions): Promise<void> {
  await machine.start(plan);
  await machine.apply(plan);
  if (machine.isClosed) return;
  machine.showApps();
  terminal.line();
  terminal.line(terminal.paint("dim", "Edits are served as they are saved. Ctrl-C ends it."));
}

async function watchConfig(machine: Machine, served: Promise<void>, options: RunOptions): Promise<{ close(): void }> {
  const { target, overrides, terminal } = options;
  const shownPath = isAbsolute(target.path) ? target.path : resolve(target.path);
  // Changes wait for the first state to be served, and for each other; a start that failed is told elsewhere.
  let applying = served.catch(() => {});
  const reload = async (): Promise<void> => {
    try {
      const plan = await loadPlan(target, overrides);
      const change = await machine.apply(plan);
      terminal.line(terminal.paint("green", `${shownPath}: applied`));
      machine.showChange(change);
    } catch (error) {
      terminal.line(describeError(error, terminal));
      terminal.line(terminal.paint("yellow", `${shownPath}: refused, what was served before is served on`));
    }
  };
  return watchFile(resolve(target.path), () => {
    applying = applying.then(reload);
  });
}

function exitCodeFor(end: EndSignal): ExitCode {
  return end.signal === "SIGINT" ? ExitCode.INTERRUPTED : ExitCode.OK;
}

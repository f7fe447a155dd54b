import { availableParallelism } from "node:os";
import { configDefaults, defineConfig } from "vitest/config";
import { LongFirstSequencer } from "./long-first-sequencer.ts";

const shared = {
  pool: "forks" as const,
  execArgv: ["--no-node-snapshot"],
  // Services that tests start find their modules compiled: a second or two of CPU for each NANO.
  env: { NODE_COMPILE_CACHE: new URL("../node_modules/.cache/nano-compile", import.meta.url).pathname },
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

const unit = {
  // Vitest leaves one core to itself, of two as well: half the machine.
  maxWorkers: availableParallelism(),
  // What runs concurrently in a file starts processes, as the file beside it does: more of them wait so long that they fail.
  maxConcurrency: 3,
};

/**
 * Files that leave nothing behind in their process: one process runs many of them, which spares each the modules, servers' code and guest script
 * that the one before has loaded. Not those that load isolated-vm by the product's code, which fill its threads.
 */
const SHARING = [
  "packages/{bundle,cli,link,protocol,service-kit,sliver,types,web-api}/test/**/*.test.ts",
  "services/{app-registry,router}/test/**/*.test.ts",
  "test/conformance/web/**/*.test.ts",
];
/** They assert what is lost at a steady rate of requests, for minutes: one beside the other leaves each the cores that it needs. */
const LOADED = ["test/e2e/*under-load.e2e.ts", "test/e2e/cluster/**/*.e2e.ts"];
/** They assert how long something takes: nothing else may run then. */
const TIMED = ["test/e2e/edits.e2e.ts", "test/e2e/bench-baseline.e2e.ts"];
/** Each is a whole NANO, of processes enough for a core. */
const NANOS_AT_A_TIME = 2;

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  test: {
    reporters: ["default", new URL("./count-reporter.ts", import.meta.url).pathname],
    sequence: { sequencer: LongFirstSequencer },
    projects: [
      {
        test: {
          ...shared,
          ...unit,
          name: "unit",
          include: ["packages/*/test/**/*.test.ts", "services/*/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...SHARING],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          ...unit,
          name: "unit-sharing",
          isolate: false,
          include: SHARING,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: "e2e-untimed",
          maxWorkers: NANOS_AT_A_TIME,
          include: ["test/**/*.e2e.ts"],
          exclude: [...configDefaults.exclude, ...LOADED, ...TIMED],
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          name: "e2e-loaded",
          maxWorkers: NANOS_AT_A_TIME,
          include: LOADED,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...shared,
          name: "e2e-timed",
          fileParallelism: false,
          include: TIMED,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});

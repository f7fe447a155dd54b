import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const shared = {
  pool: "forks" as const,
  execArgv: ["--no-node-snapshot"],
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  test: {
    reporters: ["default", new URL("./count-reporter.ts", import.meta.url).pathname],
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          // Vitest leaves one core to itself, of two as well: half the machine.
          maxWorkers: availableParallelism(),
          include: ["packages/*/test/**/*.test.ts", "services/*/test/**/*.test.ts", "test/**/*.test.ts"],
          sequence: { groupOrder: 0 },
        },
      },
      {
        // A whole NANO each, and some measure times: one after the other, when the others are done.
        test: {
          ...shared,
          name: "e2e",
          include: ["test/**/*.e2e.ts"],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

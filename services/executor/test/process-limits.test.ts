import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { defaultCacheApiConfig } from "../src/cache/cache-config.ts";
import { createCacheProcess } from "../src/control/cache-process.ts";
import { createEgressProcess } from "../src/control/egress-process.ts";
import { defaultEgressSettings } from "../src/egress/egress-config.ts";
import { silentLogger, startWorker } from "./process-harness.ts";
import { temporaryDirectory } from "./sliver-fixture.ts";

/** What the kernel holds a process to. */
function limitsOf(pid: number | undefined) {
  const limits = readFileSync(`/proc/${pid}/limits`, "latin1");
  const hard = (name: string): string | undefined => new RegExp(`^${name} +\\S+ +(\\S+)`, "m").exec(limits)?.[1];
  const filter = Number.parseInt(readFileSync(`/proc/${pid}/coredump_filter`, "latin1"), 16);
  return { coreBytes: hard("Max core file size"), descriptors: hard("Max open files"), filter };
}

/** This process's own ceiling may be lower. */
const limitedTo = (count: number) => {
  const own = limitsOf(process.pid).descriptors;
  const ownCount = own === "unlimited" ? count : Number(own);
  return { coreBytes: "0", descriptors: String(Math.min(ownCount, count)), filter: 0 };
};

test("a worker leaves no core dump, and has a ceiling on descriptors", async () => {
  const { worker } = await startWorker();
  expect(limitsOf(worker.pid)).toEqual(limitedTo(4_096));
});

test("the processes beside workers leave no core dump, and have the descriptors that their settings come to", async () => {
  const directory = temporaryDirectory();
  const rest = { logger: silentLogger, onReady: () => undefined };
  const egress = createEgressProcess({
    ...rest,
    socketPath: join(directory, "egress.sock"),
    settings: { ...defaultEgressSettings(), connectionsCount: 100, socketsCount: 20 },
  });
  onTestFinished(() => egress.close());
  const cache = createCacheProcess({
    ...rest,
    socketPath: join(directory, "cache.sock"),
    settings: { ...defaultCacheApiConfig(temporaryDirectory()), operationsCount: 50 },
  });
  onTestFinished(() => cache.close());
  await eventually(() => egress.isReady && cache.isReady);
  expect(limitsOf(egress.pid)).toEqual(limitedTo(4_336));
  expect(limitsOf(cache.pid)).toEqual(limitedTo(4_196));
});

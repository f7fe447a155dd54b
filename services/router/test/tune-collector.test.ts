import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const SOURCE = fileURLToPath(new URL("../src/control/tune-collector.ts", import.meta.url));
const hasFlags = Number.parseInt(process.versions.node, 10) >= 26;

/** Of 64 KiB: what flows through a busy router, and is there when what is young is collected. */
const IN_FLIGHT_BUFFERS = 2_048;
const PASSED_BUFFERS = 65_536;
/** Seen with Node 26.10: 52 and 3. */
const LEAST_MAJOR_COUNT = 20;
const LEAST_GAIN = 4;

/**
 * Whole collections, and what one says of its flags, of a process that passes 4 GiB on in buffers, 128 MiB of them in flight. All on one
 * thread, so that what else the machine does decides nothing.
 */
async function passBuffersOn(nodeVersion: string): Promise<{ majorCount: number; stderr: string }> {
  const script = `
    import { setImmediate } from "node:timers/promises";
    import { PerformanceObserver, constants } from "node:perf_hooks";
    import { tuneCollector } from ${JSON.stringify(SOURCE)};
    tuneCollector(${JSON.stringify(nodeVersion)});
    const inFlight = [];
    function pass(count) {
      for (let i = 0; i < count; i++) inFlight[i % ${IN_FLIGHT_BUFFERS}] = Buffer.allocUnsafeSlow(64 * 1024);
    }
    // Until as many are in flight as will be, and the collector knows it.
    pass(2 * ${IN_FLIGHT_BUFFERS});
    await setImmediate();
    let majorCount = 0;
    const observer = new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) majorCount += 1;
    });
    observer.observe({ entryTypes: ["gc"] });
    pass(${PASSED_BUFFERS});
    // What was observed is told a turn later.
    for (let turn = 0; turn < 3; turn++) await setImmediate();
    console.log(majorCount);
  `;
  const args = ["--single-threaded-gc", "--input-type=module", "--eval", script];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  return { majorCount: Number(stdout), stderr };
}

test.runIf(hasFlags)(
  "what passes through outside the heap does not have the whole heap collected again and again",
  async () => {
    const plain = await passBuffersOn("24.0.0");
    const tuned = await passBuffersOn(process.versions.node);

    expect(plain.majorCount).toBeGreaterThan(LEAST_MAJOR_COUNT);
    expect(tuned.majorCount).toBeLessThanOrEqual(plain.majorCount / LEAST_GAIN);
    expect(tuned.stderr).toBe("");
  },
);

test("a Node that does not know the flags is left alone", async () => {
  expect((await passBuffersOn("24.21.0")).stderr).toBe("");
});

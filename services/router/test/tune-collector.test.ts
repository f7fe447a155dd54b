import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const SOURCE = fileURLToPath(new URL("../src/control/tune-collector.ts", import.meta.url));
const hasFlags = Number.parseInt(process.versions.node, 10) >= 26;

/** Whole collections, and what one says of its flags, of a process that passes 512 MiB on in buffers of 64 KiB. */
async function passBuffersOn(nodeVersion: string): Promise<{ majorCount: number; stderr: string }> {
  const script = `
    import { setImmediate } from "node:timers/promises";
    import { PerformanceObserver, constants } from "node:perf_hooks";
    import { tuneCollector } from ${JSON.stringify(SOURCE)};
    tuneCollector(${JSON.stringify(nodeVersion)});
    let majorCount = 0;
    const observer = new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) majorCount += 1;
    });
    observer.observe({ entryTypes: ["gc"] });
    for (let count = 0; count < 8_192; count++) {
      Buffer.allocUnsafeSlow(64 * 1024);
      if (count % 4 === 0) await setImmediate();
    }
    await setImmediate();
    console.log(majorCount);
  `;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  return { majorCount: Number(stdout), stderr };
}

test.runIf(hasFlags)(
  "what passes through outside the heap does not have the whole heap collected again and again",
  async () => {
    const [tuned, plain] = await Promise.all([passBuffersOn(process.versions.node), passBuffersOn("24.0.0")]);

    expect(plain.majorCount).toBeGreaterThan(4);
    expect(tuned.majorCount).toBeLessThanOrEqual(plain.majorCount / 2);
    expect(tuned.stderr).toBe("");
  },
);

test("a Node that does not know the flags is left alone", async () => {
  expect((await passBuffersOn("24.21.0")).stderr).toBe("");
});

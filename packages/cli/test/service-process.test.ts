import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { ServiceProcess } from "../src/run/service-process.ts";

const FAKE = fileURLToPath(new URL("fake-service.main.ts", import.meta.url));
const GRACE_MS = 5000;

const started: ServiceProcess[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop(0)));
});

function createService(mode: string) {
  const lines: string[] = [];
  const losses: string[] = [];
  const backs: (() => void)[] = [];
  const service = new ServiceProcess({
    spec: { name: "fake", main: FAKE, env: { FAKE_MODE: mode } },
    onLine: (line) => {
      lines.push(line);
    },
    onLost: (why) => losses.push(why),
    onBack: () => {
      for (const resolve of backs.splice(0)) resolve();
    },
  });
  started.push(service);
  const nextBack = () => new Promise<void>((resolve) => backs.push(resolve));
  return { service, lines, losses, nextBack };
}

/** The fake tells its process id as its port. */
function pidOf(addresses: Readonly<Record<string, string>>): number {
  return Number(addresses.http?.split(":")[1]);
}

/** A process that is dead and waits for its parent to notice does not count. */
function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0] !== "Z";
  } catch {
    return false;
  }
}

describe("a service", () => {
  test("is started once it says that it is ready, and tells where it listens", async () => {
    const { service } = createService("serve");
    const addresses = await service.start();
    expect(service.isRunning).toBe(true);
    expect(isAlive(pidOf(addresses))).toBe(true);
  });

  test("that ends before it is ready fails the start, with what it said", async () => {
    const { service } = createService("refuse");
    await expect(service.start()).rejects.toMatchObject({
      code: "CTL_SERVICE_NOT_STARTED",
      message: expect.stringMatching(/exit code 1[\s\S]*Port is taken/),
    });
  });

  test("that dies is started again, each time", async () => {
    const { service, losses, nextBack } = createService("serve");
    const pid = pidOf(await service.start());
    const back = nextBack();
    process.kill(pid, "SIGKILL");
    await back;
    expect(losses).toEqual(["SIGKILL (9)"]);
    expect(service.restartCount).toBe(1);
    expect(service.isRunning).toBe(true);
  });

  test("that is stopped ends, and does not come back", async () => {
    const { service, losses } = createService("serve");
    const pid = pidOf(await service.start());
    await service.stop(GRACE_MS);
    expect(isAlive(pid)).toBe(false);
    expect(losses).toEqual([]);
  });

  test("that does not end by itself is killed when its grace is over", async () => {
    const { service } = createService("stubborn");
    const pid = pidOf(await service.start());
    await service.stop(50);
    expect(isAlive(pid)).toBe(false);
  });

  test("takes what it started with it", async () => {
    const { service, lines } = createService("parent");
    await service.start();
    await expect.poll(() => lines.find((line) => line.startsWith("child "))).toBeDefined();
    const child = Number(lines.find((line) => line.startsWith("child "))?.split(" ")[1]);
    expect(isAlive(child)).toBe(true);
    await service.stop(GRACE_MS);
    await expect.poll(() => isAlive(child)).toBe(false);
  });
});

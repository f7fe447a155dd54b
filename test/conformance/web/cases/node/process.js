// biome-ignore-all lint/style/useNodejsImportProtocol: both names are shown
// https://nodejs.org/api/process.html
import imported, { env, nextTick } from "node:process";
import bare from "process";
import { assertArrayEquals, assertEquals, assertFalse, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("is one object under both names, and free", () => {
  assertEquals(imported, process);
  assertEquals(bare, process);
  assertEquals(env, process.env);
});

test("env can be read, written and listed", () => {
  assertEquals(process.env.ABSENT, undefined);
  process.env.OWN = "x";
  assertEquals(env.OWN, "x");
  assertTrue(Object.keys(process.env).includes("OWN"));
  delete process.env.OWN;
  assertFalse("OWN" in env);
});

test("nextTick runs after the code that runs, before timers, with arguments", async () => {
  const order = [];
  await new Promise((resolve) => {
    setTimeout(() => {
      order.push("timer");
      resolve();
    }, 0);
    nextTick((value) => order.push(value), "tick");
    order.push("code");
  });
  assertArrayEquals(order, ["code", "tick", "timer"]);
  assertThrows(TypeError, () => process.nextTick("code"));
});

test("has a version that can be compared, and is not taken for Node by versions.node", () => {
  assertTrue(/^v\d+\.\d+\.\d+/.test(process.version));
  assertEquals(typeof process.versions, "object");
});

test("hrtime, hrtime.bigint and uptime go on", async () => {
  const before = process.hrtime();
  const big = process.hrtime.bigint();
  await new Promise((resolve) => setTimeout(resolve, 5));
  const [seconds, nanoseconds] = process.hrtime(before);
  assertEquals(seconds, 0);
  assertTrue(nanoseconds > 1_000_000, `${nanoseconds} ns`);
  assertTrue(process.hrtime.bigint() > big);
  assertTrue(process.uptime() >= 0);
});

test("cwd, platform, argv", () => {
  assertTrue(process.cwd().startsWith("/"));
  assertEquals(process.platform, "linux");
  assertTrue(Array.isArray(process.argv));
  assertTrue(Array.isArray(process.execArgv));
});

test("listeners can be added, and nothing comes", () => {
  assertEquals(
    process.on("SIGUSR2", () => {}),
    process,
  );
  assertEquals(
    process.once("SIGUSR2", () => {}),
    process,
  );
  assertEquals(process.removeAllListeners("SIGUSR2"), process);
  assertEquals(process.listenerCount("SIGUSR2"), 0);
});

test("stdout and emitWarning are lines of the log", () => {
  assertEquals(typeof process.stdout.write, "function");
  assertEquals(typeof process.emitWarning, "function");
});

test("global and setImmediate are free names", async () => {
  assertEquals(global, globalThis);
  assertEquals(await new Promise((resolve) => setImmediate(resolve, "soon")), "soon");
  const cleared = setImmediate(() => {
    throw new Error("It was cleared");
  });
  clearImmediate(cleared);
});

// biome-ignore-all lint/style/useNodejsImportProtocol: both names are shown
// https://nodejs.org/api/timers.html
import timers, { clearTimeout as clear, setTimeout as later, setImmediate as soon } from "node:timers";
import { promisify } from "node:util";
import { setInterval as every, scheduler, setTimeout as wait } from "timers/promises";
import { assertArrayEquals, assertEquals, assertFalse, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("timers are objects, and can be given back", async () => {
  const order = [];
  const cleared = later(() => order.push("cleared"), 0);
  assertEquals(cleared.unref(), cleared);
  assertFalse(cleared.hasRef());
  assertTrue(cleared.ref().hasRef());
  clear(cleared);
  await new Promise((resolve) => {
    later((value) => order.push(value), 1, "timeout");
    soon(() => order.push("immediate"));
    later(resolve, 5);
  });
  assertArrayEquals(order.toSorted(), ["immediate", "timeout"]);
  const repeated = timers.setInterval(() => order.push("again"), 1);
  await wait(10);
  timers.clearInterval(repeated);
  assertTrue(order.includes("again"));
  assertThrows(TypeError, () => later("code"));
  assertEquals(await promisify(later)(0, "promised"), "promised");
});

test("timers/promises", async () => {
  assertEquals(await wait(1, "value"), "value");
  const controller = new AbortController();
  const waits = wait(10_000, null, { signal: controller.signal });
  controller.abort();
  assertEquals((await waits.catch((error) => error)).name, "AbortError");
  let count = 0;
  for await (const value of every(1, "tick")) {
    assertEquals(value, "tick");
    if (++count === 3) break;
  }
  await scheduler.wait(1);
});

// biome-ignore-all lint/style/useNodejsImportProtocol: both names are shown
// https://nodejs.org/api/diagnostics_channel.html
import diagnostics from "node:diagnostics_channel";
import bare from "diagnostics_channel";
import { assertArrayEquals, assertEquals, assertFalse, assertRejects, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("is one module under both names", () => {
  assertEquals(bare, diagnostics);
});

test("diagnostics_channel", async () => {
  const channel = diagnostics.channel("a");
  assertEquals(diagnostics.channel("a"), channel);
  assertFalse(channel.hasSubscribers);
  const seen = [];
  const subscriber = (message, name) => seen.push(message, name);
  diagnostics.subscribe("a", subscriber);
  assertTrue(diagnostics.hasSubscribers("a"));
  channel.publish(1);
  assertTrue(diagnostics.unsubscribe("a", subscriber));
  assertFalse(diagnostics.unsubscribe("a", subscriber));
  channel.publish(2);
  assertArrayEquals(seen, [1, "a"]);
});

test("tracingChannel", async () => {
  const tracing = diagnostics.tracingChannel("t");
  const seen = [];
  const note = (name) => () => seen.push(name);
  tracing.subscribe(
    Object.fromEntries(["start", "end", "asyncStart", "asyncEnd", "error"].map((name) => [name, note(name)])),
  );
  assertEquals(
    tracing.traceSync((a) => a + 1, {}, null, 1),
    2,
  );
  assertArrayEquals(seen.splice(0), ["start", "end"]);
  assertEquals(await tracing.tracePromise(async () => 3), 3);
  assertArrayEquals(seen.splice(0), ["start", "end", "asyncStart", "asyncEnd"]);
  await assertRejects(
    RangeError,
    tracing.tracePromise(async () => {
      throw new RangeError();
    }),
  );
  assertTrue(seen.splice(0).includes("error"));
  await new Promise((resolve) =>
    tracing.traceCallback((callback) => queueMicrotask(() => callback(null, 1)), 0, {}, null, resolve),
  );
  assertArrayEquals(seen, ["start", "end", "asyncStart", "asyncEnd"]);
});

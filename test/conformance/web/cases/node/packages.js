// biome-ignore-all lint/style/useNodejsImportProtocol: a package is meant
// Packages of npm that lean on Node's modules, as they are.
import debug from "debug";
import { EventEmitter as NpmEmitter } from "events/";
import ms from "ms";
import npmStream from "readable-stream";
import { v1, v3, v4, v5, validate } from "uuid";
import { assertEquals, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("uuid", () => {
  for (const id of [v1(), v4()]) assertTrue(validate(id));
  assertEquals(v5("hello", v5.DNS), "9342d47a-1bab-5709-9869-c840b2eac501");
  assertEquals(v3("hello.example.com", v3.DNS), "9125a8dc-52ee-365b-a5aa-81b0b3681cf6");
});

test("ms and debug", () => {
  assertEquals(ms("2 days"), 172_800_000);
  const log = debug("app");
  log("nothing is enabled: %o", { a: 1 });
  assertEquals(Boolean(log.enabled), false);
});

test("events, the package", () => {
  let seen;
  new NpmEmitter().on("e", (value) => (seen = value)).emit("e", 1);
  assertEquals(seen, 1);
});

test("readable-stream, the package", async () => {
  const chunks = [];
  const upper = new npmStream.Transform({
    transform: (chunk, _encoding, callback) => callback(null, chunk.toString().toUpperCase()),
  });
  for await (const chunk of npmStream.Readable.from(["a", "b"]).pipe(upper)) chunks.push(String(chunk));
  assertEquals(chunks.join(""), "AB");
});

/**
 * A whole NANO under the cases of the public WebSocket conformance suite, Autobahn|Testsuite, groups 1 to 7, 9, 10, 12 and 13, by
 * their numbers there. Group 8 is not in that suite, 11 was taken out of it.
 */
import { describe, test } from "vitest";
import type { UpgradePlace } from "../../support/raw-websocket.ts";
import { serveApps } from "../../support/serve-apps.ts";
import { closing } from "./conformance/close-cases.ts";
import { checkCompression, compression, compressionParameters } from "./conformance/compression-cases.ts";
import { checkCase } from "./conformance/conformance-case.ts";
import { ECHO } from "./conformance/echo-app.ts";
import { autoFragmentation, fragmentation } from "./conformance/fragmentation-cases.ts";
import { clientFrames, framing, opcodes, pingsAndPongs, reservedBits } from "./conformance/framing-cases.ts";
import { sizes } from "./conformance/size-cases.ts";
import { utf8 } from "./conformance/utf8-cases.ts";

const limits = { cpu_time_ms: 10_000, memory_mb: 512 };
const nano = serveApps([
  { hostname: "echo.localhost", source: ECHO, settings: { limits, websocket: { thread: "shared" } } },
  { hostname: "threaded.localhost", source: ECHO, settings: { limits, websocket: { thread: "dedicated" } } },
]);

const place = (host = "echo.localhost"): UpgradePlace => ({ port: nano().port, host });

describe.each([
  ["1: framing", framing],
  ["2: pings and pongs", pingsAndPongs],
  ["3: reserved bits", reservedBits],
  ["4: opcodes", opcodes],
  ["5: fragmentation", fragmentation],
  ["6: UTF-8", utf8],
  ["7: closing", closing],
  ["10: automatic fragmentation", autoFragmentation],
  ["masks", clientFrames],
] as const)("group %s", (_, cases) => {
  test.each(cases)("$number: $behaviour", (each) => checkCase(place(), each));
});

describe.each([
  ["1: framing", framing],
  ["5: fragmentation", fragmentation],
] as const)("on threads of their own, group %s", (_, cases) => {
  test.each(cases)("$number: $behaviour", (each) => checkCase(place("threaded.localhost"), each));
});

describe("group 9: sizes", () => {
  test.each(sizes)("$number: $behaviour", ({ create }) => checkCase(place(), create()));
});

describe.each([
  ["12: compression", compression],
  ["13: parameters of compression", compressionParameters],
] as const)("group %s", (_, cases) => {
  test.each(cases)("$number: $behaviour", (each) => checkCompression(place(), each));
});

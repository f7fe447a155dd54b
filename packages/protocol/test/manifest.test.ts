import { expect, test } from "vitest";
import {
  cpuLimitMsOf,
  cpuSoftRatioOf,
  guestLimitsOf,
  requestHeadLimitsOf,
  streamLimitsOf,
  subrequestLimitsOf,
} from "../src/app-limits.ts";
import { matchesHost } from "../src/host-pattern.ts";
import { manifestInputSchema, resolveManifest, websocketLimitsOf } from "../src/manifest.ts";
import { decodeEgressHead, type EgressHead, encodeEgressHead } from "../src/messages.ts";
import { manifestSchema } from "../src/record-schema.ts";

const MIB = 1024 * 1024;

test.each<readonly [host: string, pattern: string, isMatch: boolean]>([
  ["example.com", "example.com", true],
  ["example.com.", "example.com", true],
  ["example.com..", "example.com", false],
  ["api.example.com", "example.com", false],
  ["api.example.com", "*.example.com", true],
  ["a.b.example.com", "*.example.com", true],
  ["example.com", "*.example.com", false],
  [".example.com", "*.example.com", false],
  ["notexample.com", "*.example.com", false],
  ["example.com.evil.net", "*.example.com", false],
  ["93.184.216.34", "93.184.216.34", true],
  ["[2606:4700::1]", "[2606:4700::1]", true],
])("%s and %s: %s", (host, pattern, isMatch) => {
  expect(matchesHost(host, [pattern])).toBe(isMatch);
  expect(matchesHost(host, ["other.net", pattern])).toBe(isMatch);
});

test("an empty list matches nothing", () => {
  expect(matchesHost("example.com", [])).toBe(false);
});

test.each(["*", "*.", "a b", "https://example.com", "example.com/x", "Example.com", "*.*.com", "a..b", "x:1", ""])(
  "%j is no pattern of a host",
  (host) => {
    expect(manifestInputSchema.safeParse({ egress: { allow_hosts: [host] } }).success).toBe(false);
  },
);

test("hosts of more text than may travel with each fetch are refused", () => {
  const hosts = Array.from({ length: 200 }, (_, index) => `${"a".repeat(60)}${index}.example`);
  expect(manifestInputSchema.safeParse({ egress: { allow_hosts: hosts } }).success).toBe(false);
  expect(manifestInputSchema.safeParse({ egress: { allow_hosts: hosts.slice(0, 100) } }).success).toBe(true);
});

test("an app without a list of hosts has none, and one with an empty list has that", () => {
  expect(resolveManifest({}).egress).toBeUndefined();
  expect(resolveManifest({ egress: { allow_hosts: [] } }).egress).toEqual({ allowHosts: [] });
});

test("the script is asked before the assets where the manifest says so", () => {
  expect(resolveManifest({}).runWorkerFirst).toBeUndefined();
  expect(resolveManifest({ assets: { run_worker_first: false } }).runWorkerFirst).toBeUndefined();
  const manifest = resolveManifest({ assets: { run_worker_first: true } });
  expect(manifestSchema.parse(manifest)).toMatchObject({ runWorkerFirst: true });
  expect(manifestInputSchema.safeParse({ assets: { run_worker_first: ["/api/*"] } }).success).toBe(false);
});

test("the CPU limit of a request grows with its bodies, up to the longest that a manifest may name", () => {
  const { limits } = resolveManifest({ limits: { cpu_time_ms: 20, cpu_ms_per_mb: 0.5 } });
  expect([0, MIB, 100 * MIB].map((bytes) => cpuLimitMsOf(limits, bytes))).toEqual([20, 20.5, 70]);
  expect(cpuLimitMsOf(limits, Number.MAX_SAFE_INTEGER)).toBe(60_000);
  expect(cpuLimitMsOf({ ...limits, cpuMsPerMb: 0 }, 100 * MIB)).toBe(20);
});

test("records of registries that did not know a limit have its default", () => {
  const { limits, websocket } = resolveManifest({});
  const { subrequestsAtOnceCount, subrequestSentBytes, subrequestReceivedBytes, ...oldLimits } = limits;
  expect(subrequestLimitsOf({ ...oldLimits, subrequestCount: 7 })).toMatchObject({
    subrequestCount: 7,
    subrequestsAtOnceCount,
    subrequestSentBytes,
    subrequestReceivedBytes,
  });
  const { cpuMsPerMb, ...limitsWithoutCpu } = limits;
  expect(cpuLimitMsOf(limitsWithoutCpu, MIB)).toBe(limits.cpuTimeMs + (cpuMsPerMb ?? 0));
  const { streamIdleMs, streamMaxMs, responseBodyBytes, responseHeaderBytes, ...limitsWithoutStreams } = limits;
  expect(streamLimitsOf(limitsWithoutStreams)).toMatchObject({
    streamIdleMs,
    streamMaxMs,
    responseBodyBytes,
    responseHeaderBytes,
  });
  expect(streamLimitsOf({ ...limitsWithoutStreams, streamMaxMs: 7 })).toMatchObject({ streamIdleMs, streamMaxMs: 7 });
  const { requestHeaderCount, requestHeaderBytes, urlBytes, ...limitsWithoutHeads } = limits;
  expect(requestHeadLimitsOf(limitsWithoutHeads)).toEqual({ requestHeaderCount, requestHeaderBytes, urlBytes });
  expect(requestHeadLimitsOf({ ...limitsWithoutHeads, urlBytes: 7 })).toEqual({
    requestHeaderCount,
    requestHeaderBytes,
    urlBytes: 7,
  });
  const { cpuSoftPercent, timerCount, cryptoInFlightCount, ...limitsWithoutGuests } = limits;
  expect(cpuSoftRatioOf(limitsWithoutGuests)).toBe((cpuSoftPercent ?? 0) / 100);
  expect(cpuSoftRatioOf({ ...limits, cpuSoftPercent: 0 })).toBe(Number.POSITIVE_INFINITY);
  expect(guestLimitsOf(limitsWithoutGuests)).toMatchObject({ timerCount, cryptoInFlightCount });
  expect(guestLimitsOf({ ...limitsWithoutGuests, timerCount: 7 })).toMatchObject({
    timerCount: 7,
    cryptoInFlightCount,
  });
  const { maxOutboundCount, ...oldWebsocket } = websocket ?? websocketLimitsOf({});
  expect(websocketLimitsOf({ websocket: { ...oldWebsocket, maxConnectionCount: 3 } })).toMatchObject({
    maxConnectionCount: 3,
    maxOutboundCount,
  });
});

test.each<Partial<EgressHead>>([
  {},
  { allowHosts: [] },
  { allowHosts: ["*.example.com"] },
  { webSocket: { maxMessageBytes: 1, idleTimeoutMs: 2, pingIntervalMs: 3 } },
  { allowHosts: ["example.com"], webSocket: { maxMessageBytes: 1, idleTimeoutMs: 2, pingIntervalMs: 0 } },
])("the head of a fetch comes out as it went in: %j", (more) => {
  const head: EgressHead = {
    app: "app",
    method: "GET",
    url: "https://example.com/",
    headers: "",
    redirect: "follow",
    ...more,
  };
  expect(decodeEgressHead(encodeEgressHead(head))).toEqual(head);
});

import { type ConfigFor, defineConfig } from "@nano/service-kit/config";
import { choice, durationMs, integer, sizeBytes, text } from "@nano/service-kit/config-field";

const KIB = 1024;
const MIB = 1024 * KIB;

export const routerConfig = defineConfig("ROUTER", {
  listen: {
    host: text({ doc: "address that clients reach", default: "127.0.0.1" }),
    port: integer({
      doc: "port that clients reach, 0 for any free one",
      min: 0,
      max: 65_535,
      default: 8080,
      unit: "port",
    }),
    scheme: choice(["http", "https"], {
      doc: "what clients use; https where TLS ends in front of the router",
      default: "http",
    }),
    maxConnectionCount: integer({ doc: "connections of clients at once", min: 1, max: 1_000_000, default: 16_384 }),
    keepAliveTimeoutMs: durationMs({
      doc: "how long an idle connection is kept",
      min: 0,
      max: 3_600_000,
      default: 65_000,
    }),
    headersTimeoutMs: durationMs({
      doc: "until a request's headers are complete",
      min: 100,
      max: 3_600_000,
      default: 30_000,
    }),
    requestTimeoutMs: durationMs({
      doc: "until a request's body is complete",
      min: 100,
      max: 86_400_000,
      default: 300_000,
    }),
    maxHeaderBytes: sizeBytes({
      doc: "largest header block of a request",
      min: 4 * KIB,
      max: 128 * KIB,
      default: 32 * KIB,
    }),
  },
  controlStore: {
    socketPath: text({ doc: "Unix socket on which the app registry serves the embedded control store" }),
  },
  request: {
    maxInFlightCount: integer({
      doc: "requests in flight; further ones are shed with 503",
      min: 1,
      max: 1_000_000,
      default: 20_000,
    }),
    retryBufferBytes: sizeBytes({
      doc: "of a body, kept for another attempt",
      min: 0,
      max: 256 * KIB,
      default: 64 * KIB,
    }),
    discardBytes: sizeBytes({
      doc: "of an unwanted body, read so that its client can read the answer",
      min: 0,
      max: 1024 * MIB,
      default: 16 * MIB,
    }),
    noWorkerWaitMs: durationMs({
      doc: "how long a request waits for a worker that can be reached",
      min: 0,
      max: 60_000,
      default: 2_000,
    }),
    loadedCount: integer({
      doc: "requests in flight from which a worker counts as loaded, and the next one gets the request",
      min: 1,
      max: 100_000,
      default: 64,
    }),
  },
  upstream: {
    handshakeTimeoutMs: durationMs({
      doc: "for connecting to a worker, and for its HELLO",
      min: 10,
      max: 60_000,
      default: 5_000,
    }),
    minRedialDelayMs: durationMs({ doc: "pause after a link was lost", min: 1, max: 60_000, default: 20 }),
    maxRedialDelayMs: durationMs({ doc: "longest pause between attempts", min: 1, max: 600_000, default: 2_000 }),
    maxStreamCount: integer({ doc: "requests in flight on one link", min: 1, max: 100_000, default: 4_096 }),
    postmortemTimeoutMs: durationMs({
      doc: "how long a supervisor may take to say what became of a lost worker's requests",
      min: 10,
      max: 60_000,
      default: 1_000,
    }),
  },
});

export type RouterConfig = ConfigFor<typeof routerConfig>;

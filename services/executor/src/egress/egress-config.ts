/** Settings of the egress process. The executor's own configuration holds them as its group `egress`. */
import { MAX_PAYLOAD_BYTES } from "@nano/protocol/frames";
import type { ConfigOf, ConfigShape } from "@nano/service-kit/config";
import { durationMs, integer, list, sizeBytes } from "@nano/service-kit/config-field";
import { createAddressGuard } from "./address-guard.ts";
import { egressErrors } from "./errors.ts";

const MIB = 1024 * 1024;

/** The "bad ports" of the fetch standard: services that read a request as commands of their own. */
export const FETCH_BAD_PORTS: readonly number[] = [
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

export const egressShape = {
  allowedRanges: list({
    doc: "address ranges that apps may reach although a rule refuses them, such as 10.1.0.0/16",
    maxCount: 256,
    default: [],
  }),
  deniedPorts: list({
    doc: "ports that apps may not reach",
    maxCount: 1024,
    default: FETCH_BAD_PORTS.map(String),
    defaultWords: "the fetch standard's list",
  }),
  connectionsPerAppCount: integer({
    doc: "connections of one app of the node, idle ones included, and fetches that hold one",
    min: 1,
    max: 65_536,
    default: 64,
  }),
  connectionsCount: integer({ doc: "the same for all apps of the node", min: 1, max: 65_536, default: 512 }),
  socketsPerAppCount: integer({
    doc: "WebSockets of one app of the node to other servers; further ones fail",
    min: 0,
    max: 65_536,
    default: 128,
  }),
  socketsCount: integer({ doc: "the same for all apps of the node", min: 0, max: 65_536, default: 1_024 }),
  socketBufferBytes: sizeBytes({
    doc: "messages of all WebSockets to other servers that wait in the egress process; above, the largest holder is closed",
    min: MIB,
    max: Number.MAX_SAFE_INTEGER,
    default: 128 * MIB,
  }),
  closeTimeoutMs: durationMs({
    doc: "how long a server may take to answer the close of a WebSocket",
    min: 1,
    max: 600_000,
    default: 5_000,
  }),
  queuedPerAppCount: integer({
    doc: "fetches of one app that wait for a connection; further ones fail",
    min: 0,
    max: 65_536,
    default: 256,
  }),
  queueTimeoutMs: durationMs({ doc: "longest wait for a connection", min: 1, max: 600_000, default: 10_000 }),
  connectTimeoutMs: durationMs({
    doc: "name resolution, TCP and TLS handshake",
    min: 1,
    max: 600_000,
    default: 10_000,
  }),
  headersTimeoutMs: durationMs({
    doc: "from the request sent to the whole response head",
    min: 1,
    max: 3_600_000,
    default: 60_000,
  }),
  idleTimeoutMs: durationMs({
    doc: "no byte of a body moved, whichever side is slow",
    min: 1,
    max: 3_600_000,
    default: 60_000,
  }),
  keepAliveMs: durationMs({ doc: "how long an unused connection stays open", min: 1, max: 600_000, default: 4_000 }),
  // The head has to fit a frame, with room for the URL.
  headerBytes: sizeBytes({ doc: "headers of a response", min: 1024, max: MAX_PAYLOAD_BYTES / 2, default: 32 * 1024 }),
  responseBytes: sizeBytes({
    doc: "body of a response, after decoding",
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    default: 256 * MIB,
  }),
  redirectCount: integer({ doc: "redirects of one fetch", min: 0, max: 20, default: 20 }),
  replayBytes: sizeBytes({
    doc: "how much of a request body is kept, so that a 307 or 308 can send it again",
    min: 0,
    max: 16 * MIB,
    default: 64 * 1024,
  }),
} satisfies ConfigShape;

/** As configured; also what crosses to the egress process. */
export type EgressSettings = ConfigOf<typeof egressShape>;

/** As the egress process reads it. */
export interface EgressConfig extends Omit<EgressSettings, "deniedPorts"> {
  readonly deniedPorts: ReadonlySet<number>;
}

/** The settings where nothing is configured. */
export function defaultEgressSettings(): EgressSettings {
  const entries = Object.entries(egressShape).map(([name, field]) => [name, field.fallback]);
  return Object.freeze(Object.fromEntries(entries)) as EgressSettings;
}

/** Checks what the fields cannot. @throws EGRESS_CONFIG */
export function resolveEgressConfig(settings: EgressSettings): EgressConfig {
  createAddressGuard(settings.allowedRanges);
  const deniedPorts = settings.deniedPorts.map((port, index) => {
    if (/^[0-9]{1,5}$/.test(port) && Number(port) < 65_536) return Number(port);
    throw egressErrors.CONFIG({ path: `deniedPorts[${index}]`, expected: "a port from 0 to 65535", found: port });
  });
  return Object.freeze({ ...settings, deniedPorts: new Set(deniedPorts) });
}

import { connect } from "node:net";
import { eventually } from "@nano/test-kit/eventually";
import { ResidentWatch } from "../../support/resident-watch.ts";
import { type Attack, joined } from "../harness/attack.ts";
import { withNode } from "../harness/edge-attacks.ts";
import { edgeTenant } from "../harness/edge-tenant.ts";
import { exchange } from "../harness/raw-exchange.ts";

const READERS = 8;
const MIB = 1024 * 1024;
/** Of all readers together; what they ask for has no end. */
const MAX_GROWN_BYTES = 192 * MIB;
const CUT_WITHIN_MS = 20_000;
const NAIVE_BYTES = 32 * MIB;
const NAIVE_WITHIN_MS = 500;

export const attack: Attack = {
  tries: "Asks for answers without end, and reads nothing of them.",
  isLong: true,
  tenant: edgeTenant(
    `const chunk = new Uint8Array(65536);
    return new Response(new ReadableStream({ pull(controller) { controller.enqueue(chunk.slice()); } }));`,
  ),
  strike: joined(async ({ nano, host, path }) => {
    const cutCount = (): Promise<number> => nano.metric("router_stalled_connections_total");
    const before = await cutCount();
    const resident = new ResidentWatch(nano.processesOf("router"));
    const readers = Array.from({ length: READERS }, () => {
      const socket = connect({ port: nano.port, host: "127.0.0.1" });
      socket.on("error", () => undefined).pause(); // that it was cut is counted at the other end
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      return socket;
    });
    const areCut = await eventually(async () => (await cutCount()) >= before + READERS, {
      timeoutMs: CUT_WITHIN_MS,
    }).then(
      () => true,
      () => false,
    );
    for (const socket of readers) socket.destroy();
    const isBounded = resident.stop() < MAX_GROWN_BYTES;
    return {
      isContained: areCut && isBounded,
      what: `${areCut ? "cut" : "still open"}${isBounded ? "" : ", memory grew"}`,
    };
  }),
  undefended() {
    let kept = 0;
    return withNode(
      { headersTimeout: 0, requestTimeout: 0 },
      async (port) => {
        const reader = connect({ port, host: "127.0.0.1" }).pause();
        reader.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        // The server is this process: what else it does for a while does not matter.
        await exchange({ port, bytes: "", patienceMs: NAIVE_WITHIN_MS });
        reader.destroy();
        return kept > NAIVE_BYTES / 2 ? `kept ${Math.round(kept / MIB)} MiB for a client that takes nothing` : null;
      },
      (_, res) => {
        const chunk = Buffer.alloc(MIB);
        for (let i = 0; i < NAIVE_BYTES / MIB; i++) res.write(chunk);
        setImmediate(() => {
          kept = res.writableLength;
        });
      },
    );
  },
};

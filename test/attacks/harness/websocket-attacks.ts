/** Attacks by WebSocket: by what a client sends, and by what an app does in a listener. */
import type { AddressInfo } from "node:net";
import { eventually } from "@nano/test-kit/eventually";
import { type ServerOptions, WebSocketServer } from "ws";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import type { Attack, AttackTarget, Outcome, Tenant } from "./attack.ts";

const KIB = 1024;
const MIB = KIB * KIB;
const ENDED_WITHIN_MS = 15_000;
const TAKEN_WITHIN_MS = 5_000;
/** Sent to a listener that attacks when it hears of something. */
const MESSAGE = "go";

const SETTINGS = {
  limits: { cpu_time_ms: 100, memory_mb: 32 },
  websocket: { ws_max_message_bytes: 256 * KIB, ws_outbound_buffer_bytes: MIB },
};

/** An app that upgrades, and does this for each message, which is `data`; `server` is its side. */
export function listeningTenant(listener: string, settings: Tenant["settings"] = SETTINGS): Tenant {
  const source = `export default { fetch() {
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  server.addEventListener("message", ({ data }) => { ${listener} });
  return new Response(null, { status: 101, webSocket: client });
} }`;
  return { source, settings, message: MESSAGE };
}

export interface ListenerOptions extends Pick<Attack, "harm"> {
  /** How its connection may end: "1011 cpu_limit". */
  readonly ends: readonly string[];
  readonly settings?: Tenant["settings"];
  readonly undefended: (tenant: Tenant) => Promise<string | null>;
}

/** A message comes, and the app's listener does its worst. */
export function listenerAttack(tries: string, listener: string, options: ListenerOptions): Attack {
  const { ends, harm, settings, undefended } = options;
  const tenant = listeningTenant(listener, settings);
  return {
    tries,
    tenant,
    ...(harm && { harm }),
    async strike({ upgrade }) {
      const socket = await upgrade();
      if (socket.answer.status === 101) socket.sendText(MESSAGE);
      const what = await endOf(socket);
      return { isContained: ends.includes(what), what };
    },
    undefended: () => undefended(tenant),
  };
}

export interface FloodOptions {
  /** Sent in pieces of this size, until all is or the connection has ended. */
  readonly bytes: Buffer;
  readonly ends: readonly string[];
}

/** A client that goes on sending what is never a whole message. */
export function endlessMessage(tries: string, { bytes, ends }: FloodOptions): Attack {
  return {
    tries,
    tenant: listeningTenant("server.send(data);"),
    async strike({ upgrade }) {
      const socket = await upgrade();
      if (socket.answer.status === 101) await socket.sendChopped(bytes, MIB);
      const what = await endOf(socket);
      return { isContained: ends.includes(what), what };
    },
    undefended: () => takenWithoutBounds(bytes),
  };
}

/** How it ended, or was refused; what does not end is cut here. */
export async function endOf(socket: RawWebSocket): Promise<string> {
  if (socket.answer.status !== 101) return describeUpgrade(socket);
  const late = new Promise<null>((resolve) => setTimeout(resolve, ENDED_WITHIN_MS, null).unref());
  const end = await Promise.race([socket.ended, late]);
  socket.destroy();
  return end === null ? "still open" : `${end.code ?? "cut"} ${end.reason}`.trimEnd();
}

export function describeUpgrade({ answer: { status, headers } }: Pick<RawWebSocket, "answer">): string {
  return `${status} ${headers.get("x-nano-error") ?? ""}`.trimEnd();
}

/** What `ws` takes of a client's bytes where it has no limits. */
async function takenWithoutBounds(bytes: Buffer): Promise<string | null> {
  return withWebSockets({ maxPayload: 0, maxFragments: 0, maxBufferedChunks: 0 }, async (server, port) => {
    const socket = await RawWebSocket.open({ port, host: "subject.test" });
    let isEnded = false;
    void socket.ended.then(() => {
      isEnded = true;
    });
    const [taker] = server.clients;
    let takenBytes = 0;
    // Beside that of `ws`, which is the first.
    (taker as unknown as { _socket: NodeJS.ReadableStream })._socket.on("data", (chunk: Buffer) => {
      takenBytes += chunk.length;
    });
    await socket.sendChopped(bytes, MIB);
    await eventually(() => isEnded || takenBytes >= bytes.length, { timeoutMs: TAKEN_WITHIN_MS }).catch(
      () => undefined,
    );
    socket.destroy();
    return !isEnded && takenBytes >= bytes.length ? `took ${Math.round(bytes.length / KIB)} KiB of one message` : null;
  });
}

/** A server of WebSockets with no defence but these. */
export async function withWebSockets<T>(
  options: ServerOptions,
  use: (server: WebSocketServer, port: number) => Promise<T>,
): Promise<T> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, ...options });
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    return await use(server, (server.address() as AddressInfo).port);
  } finally {
    for (const client of server.clients) client.terminate();
    server.close();
  }
}

/** The outcome where the target's app answers no upgrade. */
export function refusal(socket: RawWebSocket): Outcome | null {
  if (socket.answer.status === 101) return null;
  return { isContained: false, what: describeUpgrade(socket) };
}

export type Upgrade = AttackTarget["upgrade"];

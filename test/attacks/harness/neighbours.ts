/** Who must notice nothing: an app that answers at once, one that waits on I/O, and one that holds connections that echo. */
import type { FixtureApp } from "../../support/fixtures.ts";
import { createMixApps, createTagShot } from "../../support/load-mix.ts";
import type { NanoProcess } from "../../support/nano-process.ts";
import { type LoadReport, runLoad } from "../../support/open-loop.ts";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import type { NamedAttack } from "./corpus.ts";

const QUICK = "named.localhost";
const WAITING = "waiting.localhost";
const ECHO = "echo.localhost";
/** Of each of the two that answer requests. */
export const REQUESTS_PER_SECOND = 100;
export const SOCKET_COUNT = 4;
const ECHO_INTERVAL_MS = 1_000;

/** How a connection ends whose process does. */
const PROCESS_LOST = "1012 worker_lost";

const ECHO_SOURCE = `export default { fetch() {
  const [client, server] = new WebSocketPair();
  server.accept();
  server.addEventListener("message", ({ data }) => server.send(data));
  return new Response(null, { status: 101, webSocket: client });
} }`;

export const neighbourApps: readonly FixtureApp[] = [
  ...createMixApps().filter(({ hostname }) => hostname === QUICK || hostname === WAITING),
  { hostname: ECHO, source: ECHO_SOURCE },
];

export interface NeighbourReport {
  readonly quick: LoadReport;
  readonly waiting: LoadReport;
  /** Connections that ended, with their codes, and echoes that were wrong or did not come. */
  readonly brokenSockets: readonly string[];
}

/** Whether an attack may end connections of neighbours in this way: what kills its process takes along those that it shares it with. */
export function isBlastRadius({ group, harm }: NamedAttack, end: string): boolean {
  return group === "websocket" && harm !== undefined && end === PROCESS_LOST;
}

interface Echoing {
  /** Sends the next one now. */
  wake(): void;
  /** Who waits for an echo of what is sent from now on. */
  waiting: (() => void)[];
}

/** Connections that send once a second and compare what comes back. */
export class EchoingSockets {
  readonly #nano: NanoProcess;
  readonly #sockets = new Map<RawWebSocket, Echoing>();
  #broken: string[] = [];

  constructor(nano: NanoProcess) {
    this.#nano = nano;
  }

  /** What cannot be opened counts as broken. */
  async open(): Promise<void> {
    try {
      while (this.#sockets.size < SOCKET_COUNT) await this.#openOne();
    } catch (error) {
      this.#broken.push(`not opened: ${String(error).split("\n")[0]}`);
    }
  }

  /** What broke since it was asked before: each is asked for an echo once more. */
  async takeBroken(): Promise<string[]> {
    const echoed = ([, echoing]: [RawWebSocket, Echoing]): Promise<void> =>
      new Promise((resolve) => {
        echoing.waiting.push(resolve);
        echoing.wake();
      });
    await Promise.all([...this.#sockets].map(echoed));
    const broken = this.#broken;
    this.#broken = [];
    return broken;
  }

  close(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
    this.#sockets.clear();
  }

  async #openOne(): Promise<void> {
    const socket = await RawWebSocket.open({ port: this.#nano.port, host: ECHO });
    const echoing: Echoing = { wake: () => {}, waiting: [] };
    this.#sockets.set(socket, echoing);
    void this.#echoOn(socket, echoing);
  }

  async #echoOn(socket: RawWebSocket, echoing: Echoing): Promise<void> {
    const tell = (waiting: readonly (() => void)[]): void => {
      for (const each of waiting) each();
    };
    for (let count = 0; this.#sockets.has(socket); count++) {
      const waiting = echoing.waiting.splice(0);
      await this.#echo(socket, String(count));
      tell(waiting);
      if (echoing.waiting.length > 0) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ECHO_INTERVAL_MS);
        echoing.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    tell(echoing.waiting.splice(0));
  }

  async #echo(socket: RawWebSocket, text: string): Promise<void> {
    socket.sendText(text);
    const answer = await socket.nextMessage().catch((error: Error) => error.message);
    if (answer === text || !this.#sockets.has(socket)) return;
    socket.destroy();
    const { code, reason } = await socket.ended;
    this.#broken.push(`${code ?? "cut"} ${reason} ${answer ?? ""}`.trim());
    this.#sockets.delete(socket);
  }
}

export interface LoadNeighboursOptions {
  readonly sockets: EchoingSockets;
  readonly durationMs: number;
  /** @default REQUESTS_PER_SECOND */
  readonly requestsPerSecond?: number;
}

/** Loads the neighbours for so long. */
export async function loadNeighbours(
  nano: NanoProcess,
  { sockets, durationMs, requestsPerSecond = REQUESTS_PER_SECOND }: LoadNeighboursOptions,
): Promise<NeighbourReport> {
  const load = (host: string): Promise<LoadReport> =>
    runLoad({
      requestsPerSecond,
      durationMs,
      shot: (index) => createTagShot((...request) => nano.ask(...request), host, index),
    });
  await sockets.open();
  const [quick, waiting] = await Promise.all([load(QUICK), load(WAITING)]);
  return { quick, waiting, brokenSockets: await sockets.takeBroken() };
}

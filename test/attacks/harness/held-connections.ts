/** Connections that are begun and then left alone, many at a time. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type Attack, joined } from "./attack.ts";

/** Above the times of `ATTACKED_SERVER`, also on a busy machine. */
const ENDED_WITHIN_MS = 20_000;
const HELD_MS = 1_000;
const EACH_COUNT = 50;
const HOST = "named.localhost";

export interface HeldConnection {
  readonly socket: Socket;
  /** The other side has ended it, or half of it. */
  readonly ended: Promise<void>;
}

export interface HoldOptions {
  readonly port: number;
  /** Sent at once. */
  readonly bytes: string;
  /** Our half ends there: what is begun never comes whole. @default false */
  readonly isHalfClosed?: boolean;
}

/** Resolves when the bytes are on their way, and rejects where it is not taken. What comes is not kept. */
export function hold({ port, bytes, isHalfClosed = false }: HoldOptions): Promise<HeldConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const ended = new Promise<void>((end) => {
      socket.once("end", end);
      socket.once("close", () => end());
    });
    socket.once("error", reject).on("error", () => undefined);
    socket.once("connect", () => {
      socket.resume();
      if (isHalfClosed) socket.end(bytes);
      else if (bytes !== "") socket.write(bytes);
      resolve({ socket, ended });
    });
  });
}

/** Whether all of them were ended within the time. */
export async function areEnded(connections: readonly HeldConnection[], patienceMs: number): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => setTimeout(resolve, patienceMs, false).unref());
  return Promise.race([late, Promise.all(connections.map(({ ended }) => ended)).then(() => true)]);
}

async function isOneEnded(connections: readonly HeldConnection[], patienceMs: number): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => setTimeout(resolve, patienceMs, false).unref());
  return Promise.race([late, ...connections.map(({ ended }) => ended.then(() => true))]);
}

/** Opens many connections with each of these beginnings, and says nothing more on any. @param isHalfClosed of each */
export function abandoned(
  tries: string,
  beginnings: readonly string[],
  { isHalfClosed = false }: Pick<HoldOptions, "isHalfClosed"> = {},
): Attack {
  const openAll = (port: number): Promise<HeldConnection[]> => {
    const texts = beginnings.flatMap((text) => Array<string>(EACH_COUNT).fill(text.replaceAll("HOST", HOST)));
    return Promise.all(texts.map((bytes) => hold({ port, bytes, isHalfClosed })));
  };
  return {
    tries,
    isLong: true,
    strike: joined(async ({ nano }) => {
      const connections = await openAll(nano.port);
      const isContained = await areEnded(connections, ENDED_WITHIN_MS);
      for (const { socket } of connections) socket.destroy();
      return { isContained, what: isContained ? "closed" : "still open" };
    }),
    async undefended() {
      // It waits for whatever may come.
      const taken = new Set<Socket>();
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        taken.add(socket);
        socket.on("error", () => undefined).resume(); // `close` follows
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const connections = await openAll((server.address() as AddressInfo).port);
      const isAnyEnded = await isOneEnded(connections, HELD_MS);
      for (const { socket } of connections) socket.destroy();
      for (const socket of taken) socket.destroy();
      server.close();
      return isAnyEnded ? null : `held ${taken.size} connections`;
    },
  };
}

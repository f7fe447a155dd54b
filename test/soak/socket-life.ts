/** One WebSocket connection from its opening to its end, which comes in one of several ways. */
import {
  BenchConnection,
  type ConnectionEnd,
  type ConnectionListener,
  type ConnectionPlace,
} from "../bench/websocket-connection.ts";
import { BenchMessage, patternOf } from "../bench/websocket-message.ts";

/** In turns. */
export const SOCKET_ENDS = [
  "the client closes",
  "the app closes",
  "the client is gone",
  "gone with a message under way",
  "gone while it was opened",
] as const;
export type SocketEnd = (typeof SOCKET_ENDS)[number];

export interface SocketLife {
  readonly place: Omit<ConnectionPlace, "path">;
  readonly end: SocketEnd;
  readonly messageCount: number;
  /** Before it says anything. */
  readonly quietMs: number;
}

const MESSAGE_BYTES = 200;
const PATIENCE_MS = 60_000;
/** Within about this time an upgrade is under way. */
const OPENING_MS = 4;
const NORMAL = 1000;
const NO_STATUS = 1005;

const pattern = patternOf(MESSAGE_BYTES);

/** What was wrong with it; null: nothing. */
export function liveSocket({ place, end, messageCount, quietMs }: SocketLife): Promise<string | null> {
  const isLeft = end === "the app closes";
  let restCount = isLeft ? 1 : messageCount;
  let wrong: string | null = null;
  return new Promise((resolve) => {
    const listener: ConnectionListener = {
      onOpen: (connection) => {
        if (end === "gone while it was opened") return;
        setTimeout(() => connection.send(), quietMs);
      },
      onMessage: (connection, _sentMs, isRight) => {
        if (!isRight) wrong ??= "it was answered with something else";
        restCount -= 1;
        if (restCount > 0) connection.send();
        else if (!isLeft) finish(connection, end);
      },
      onEnd: (_connection, ended) => {
        clearTimeout(patience);
        resolve(wrong ?? findWrongEnd(end, ended, restCount));
      },
    };
    const path = isLeft ? "/leave" : "/";
    const connection = new BenchConnection({ ...place, path }, new BenchMessage("text", pattern), listener);
    const patience = setTimeout(() => {
      wrong ??= `it did not end in ${PATIENCE_MS} ms`;
      connection.destroy();
    }, quietMs + PATIENCE_MS);
    if (end === "gone while it was opened") setTimeout(() => connection.destroy(), place.index % OPENING_MS);
  });
}

function finish(connection: BenchConnection, end: SocketEnd): void {
  if (end === "the client closes") connection.close();
  else {
    if (end === "gone with a message under way") connection.send();
    connection.destroy();
  }
}

function findWrongEnd(end: SocketEnd, { code, why }: ConnectionEnd, restCount: number): string | null {
  if (end === "gone while it was opened") return why === "destroyed" ? null : `it ended with ${code}: ${why}`;
  if (restCount > 0) return `it ended early, with ${code}: ${why}`;
  const isRight =
    end === "the client closes" || end === "the app closes"
      ? code === NORMAL || code === NO_STATUS
      : why === "destroyed";
  return isRight ? null : `it ended with ${code}: ${why}`;
}

/** Bytes to the port where clients are served, and what comes back. */
import { connect, type Socket } from "node:net";

const ENOUGH_BYTES = 64 * 1024;

export interface Exchange {
  /** Up to `ENOUGH_BYTES`. */
  readonly received: string;
  /** The other side ended it. */
  readonly isClosed: boolean;
  readonly elapsedMs: number;
}

export interface ExchangeOptions {
  readonly port: number;
  /** Sent at once. */
  readonly bytes: string | Buffer;
  /** Sent one by one, one a second, from then on. @default none */
  readonly drip?: string;
  /** The longest that it is waited for an end. */
  readonly patienceMs: number;
}

export function exchange({ port, bytes, drip = "", patienceMs }: ExchangeOptions): Promise<Exchange> {
  return new Promise((resolve) => {
    const begunMs = performance.now();
    const socket: Socket = connect({ port, host: "127.0.0.1" }, () => void socket.write(bytes));
    let received = "";
    let at = 0;
    const finish = (isClosed: boolean): void => {
      clearTimeout(patience);
      clearInterval(dripping);
      socket.destroy();
      resolve({ received, isClosed, elapsedMs: performance.now() - begunMs });
    };
    const patience = setTimeout(finish, patienceMs, false);
    const dripping = setInterval(() => {
      if (socket.writable && at < drip.length) socket.write(drip.charAt(at++));
    }, 1_000);
    socket.setEncoding("latin1").on("data", (text: string) => {
      if (received.length < ENOUGH_BYTES) received += text;
    });
    socket.on("error", () => undefined); // `close` follows
    socket.once("close", () => finish(true));
  });
}

/** Status of each answer. */
export function statusesOf({ received }: Exchange): string[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = ""]) => status);
}

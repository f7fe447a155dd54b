/**
 * The one TCP port of an executor: accepts routers' connections, reads whom each is for, and passes it on.
 *
 *   accepted ──HELLO──▶ a worker's, with the bytes that were read, or the supervisor's own
 *        └─ none in time, no HELLO, too many at once ──▶ closed
 *
 * I1 No byte is lost: a socket that changes process is not read from between its HELLO and its arrival there.
 * I2 Connections that have not said HELLO are bounded in number, bytes and time.
 * I3 Who has no credential that fits is told so as anywhere else: by the supervisor's own acceptor.
 */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions, type Server as TlsServer } from "node:tls";
import { isSameCredential } from "@nano/link/credential";
import { peekHello } from "@nano/link/peek-hello";
import { listenOn } from "@nano/service-kit/listen";
import { TLS_LOOK_INTERVAL_MS, type TlsFiles } from "@nano/service-kit/tls-files";

/** From the connection to the end of its HELLO, which routers send at once. */
const GREETING_MS = 5_000;
/** A peer whose host is gone is found by the kernel too, where a link has nothing to send. */
const KEEP_ALIVE_MS = 10_000;

/** Whom a connection can be for. */
export interface Receiver {
  readonly credential: string;
  /** Takes the socket, which is not read from, and what was read from it. */
  receive(socket: Socket, received: Buffer): void;
}

export type EntranceRefusal = "too_many" | "timed_out" | "no_hello" | "no_tls" | "draining";

export interface EntranceOptions {
  /** `host:port`. */
  readonly address: string;
  /** Certificates, where routers come by TLS. @default without TLS */
  readonly tls?: TlsFiles | null;
  /** Connections that have not said HELLO; further ones are closed. */
  readonly maxGreetingCount: number;
  /** @default GREETING_MS */
  readonly greetingMs?: number;
  /** Workers that serve. */
  receivers(): Iterable<Receiver>;
  /** The supervisor's own acceptor, which also refuses. */
  readonly supervisor: Omit<Receiver, "credential">;
  onRefused(cause: EntranceRefusal): void;
}

export class Entrance {
  readonly #options: EntranceOptions;
  readonly #server: Server;
  readonly #greeting = new Set<Socket>();
  /** By the peer's address and port: TLS wraps a connection in another socket. */
  readonly #securing = new Map<string, Socket>();
  #reload: NodeJS.Timeout | null = null;
  #isClosed = false;
  #isRefusing = false;

  constructor(options: EntranceOptions) {
    this.#options = options;
    const { tls = null } = options;
    const sockets = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    this.#server =
      tls === null
        ? createServer(sockets, (socket) => this.#greet(socket))
        : this.#createTlsServer({ ...sockets, ...tlsSettings(tls) }, tls);
  }

  get greetingCount(): number {
    return this.#greeting.size + this.#securing.size;
  }

  /** Answers the address that was bound. @throws KIT_ADDRESS_IN_USE, KIT_LISTEN_FAILED */
  open(): Promise<string> {
    return listenOn(this.#server, this.#options.address);
  }

  /** Passes no further connection on to a worker: they are ending. The supervisor answers on. */
  refuse(): void {
    this.#isRefusing = true;
  }

  /** Accepts no more. Connections that were passed on are not its. */
  close(): void {
    this.#isClosed = true;
    this.#server.close();
    if (this.#reload !== null) clearInterval(this.#reload);
    for (const socket of [...this.#greeting, ...this.#securing.values()]) socket.destroy();
  }

  #createTlsServer(settings: TlsOptions, tls: TlsFiles): TlsServer {
    const { greetingMs = GREETING_MS, onRefused } = this.#options;
    const server = createTlsServer({ ...settings, handshakeTimeout: greetingMs }, (socket) => {
      this.#securing.delete(peerOf(socket));
      this.#greet(socket);
    });
    server.on("connection", (socket: Socket) => {
      if (!this.#hasRoom(socket)) return;
      const peer = peerOf(socket);
      this.#securing.set(peer, socket);
      socket.once("close", () => this.#securing.delete(peer));
    });
    server.on("tlsClientError", (_, socket) => {
      onRefused("no_tls");
      socket.destroy();
    });
    this.#reload = setInterval(() => {
      if (tls.reload()) server.setSecureContext(tlsSettings(tls));
    }, TLS_LOOK_INTERVAL_MS).unref();
    return server;
  }

  #hasRoom(socket: Socket): boolean {
    if (!this.#isClosed && this.greetingCount < this.#options.maxGreetingCount) return true;
    this.#options.onRefused(this.#isClosed ? "draining" : "too_many");
    socket.destroy();
    return false;
  }

  #greet(socket: Socket): void {
    const { greetingMs = GREETING_MS, onRefused } = this.#options;
    socket.on("error", () => undefined); // its close follows
    if (!this.#hasRoom(socket)) return;
    this.#greeting.add(socket);
    let received: Buffer = Buffer.alloc(0);
    const refuse = (cause: EntranceRefusal): void => {
      onRefused(cause);
      socket.destroy();
    };
    const timer = setTimeout(() => refuse("timed_out"), greetingMs);
    const leave = (): void => {
      clearTimeout(timer);
      this.#greeting.delete(socket);
      socket.off("data", take);
      socket.off("close", leave);
    };
    const take = (chunk: Buffer): void => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const peeked = peekHello(received);
      if (peeked.type === "incomplete") return;
      if (peeked.type === "invalid") {
        refuse("no_hello");
        return;
      }
      leave();
      socket.pause();
      this.#passOn(socket, received, peeked.hello.credential);
    };
    socket.on("data", take);
    socket.once("close", leave);
  }

  #passOn(socket: Socket, received: Buffer, credential: string): void {
    // All are compared: how long it takes does not say which was near.
    const fitting = [...this.#options.receivers()].filter((each) => isSameCredential(each.credential, credential));
    if (fitting.length > 0 && this.#isRefusing) {
      this.#options.onRefused("draining");
      socket.destroy();
      return;
    }
    (fitting[0] ?? this.#options.supervisor).receive(socket, received);
  }
}

/** A router must show a certificate where there is something to check it by. */
function tlsSettings(tls: TlsFiles): TlsOptions {
  const material = tls.current;
  const isMutual = material.ca !== undefined;
  return { ...material, requestCert: isMutual, rejectUnauthorized: isMutual, minVersion: "TLSv1.3" };
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

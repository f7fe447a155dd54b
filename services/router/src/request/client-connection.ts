/**
 * One connection of a client, or of a proxy that speaks for clients: what holds for all of its requests.
 *
 * I1 Where the peer is no trusted proxy, nothing that it sends changes what the app is told about it.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Claims, type ForwardedHeaderName, resolveClaims, type Scheme } from "./forwarded-claims.ts";
import type { ForwardedRequest } from "./forwarded-request.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** Who sent a request, as the app sees it. */
export interface Client {
  readonly scheme: Scheme;
  /** Of the client itself, not of a proxy that was believed. */
  readonly address: string;
  /** What the client addressed, where a proxy tells; null: as the request itself says. */
  readonly host: string | null;
  /** Name, value, name, value …: what the app is told. */
  readonly headers: readonly string[];
}

export interface PeerFacts {
  /** As `canonicalAddress` gives it. */
  readonly address: string;
  readonly scheme: Scheme;
  readonly isTrusted: boolean;
}

/** Whose word counts, and which of its words. */
export interface Trust {
  readonly proxies: TrustedProxies;
  /** Headers that the proxies write themselves: a client's own do not come through them. */
  readonly headerNames: readonly ForwardedHeaderName[];
}

export class ClientConnection implements Client {
  readonly scheme: Scheme;
  readonly host = null;
  readonly headers: readonly string[];
  readonly isTrusted: boolean;
  readonly address: string;
  /** The last request that the parser has begun, its response, and who forwards it; null before the first, or where it is answered here. */
  latestRequest: IncomingMessage | null = null;
  latestResponse: ServerResponse | null = null;
  latestForwarded: ForwardedRequest | null = null;
  /** Requests of it that are not answered yet. */
  pendingCount = 0;
  /** What it was told, or will be, ends it: nothing that follows is a request any more (RFC 9112, 9.6). */
  isEnding = false;
  /** The parser has given up: nothing that follows is read. */
  isBroken = false;

  constructor(facts: PeerFacts) {
    this.scheme = facts.scheme;
    this.isTrusted = facts.isTrusted;
    this.address = facts.address;
    this.headers = headersOf([facts.address], facts.scheme);
  }

  /** It is no HTTP any more. */
  forgetRequests(): void {
    this.latestRequest = null;
    this.latestResponse = null;
    this.latestForwarded = null;
  }

  /** Who sent a request that this trusted proxy has passed on. */
  resolve(claims: Claims, trust: Trust): Client {
    const believed: Claims = {};
    for (const name of trust.headerNames) {
      const claim = claims[name];
      if (claim !== undefined) believed[name] = claim;
    }
    const { hops, scheme, host } = resolveClaims(believed, { peerAddress: this.address, trusted: trust.proxies });
    const claimedScheme = scheme ?? this.scheme;
    return { scheme: claimedScheme, address: hops[0] ?? this.address, host, headers: headersOf(hops, claimedScheme) };
  }
}

/** The only place where adapters of frameworks for Workers look. */
const WORKERS_ADDRESS = "cf-connecting-ip";

function headersOf(hops: readonly string[], scheme: Scheme): readonly string[] {
  const address = hops[0] ?? "";
  return [
    "x-forwarded-for",
    hops.join(", "),
    "x-forwarded-proto",
    scheme,
    "x-real-ip",
    address,
    WORKERS_ADDRESS,
    address,
  ];
}

/** The connections of a server, by their sockets; of TLS by the socket that carries the plain bytes. */
export class ClientConnections {
  readonly #bySocket = new WeakMap<Socket, ClientConnection>();
  readonly #open = new Set<Socket>();

  /** Of sockets that are not closed. */
  get open(): ReadonlySet<Socket> {
    return this.#open;
  }

  add(socket: Socket, facts: PeerFacts): void {
    this.#bySocket.set(socket, new ClientConnection(facts));
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
  }

  /** Undefined for a socket that was not added: one that TLS refused. */
  find(socket: Socket): ClientConnection | undefined {
    return this.#bySocket.get(socket);
  }

  /** @throws TypeError for a socket that was not added: the server adds each before it reads a request from it */
  of(socket: Socket): ClientConnection {
    const connection = this.#bySocket.get(socket);
    if (connection === undefined) throw new TypeError("Connection is unknown");
    return connection;
  }
}

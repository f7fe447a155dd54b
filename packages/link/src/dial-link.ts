/** The initiator's side: connect, exchange HELLOs, and have an open link or the outcome that says why not. */
import { connect, type Socket } from "node:net";
import { linkErrors } from "./errors.ts";
import { DEFAULT_LINK_LIMITS, type LinkLimits } from "./limits.ts";
import { Link, type LinkOwner } from "./link.ts";
import type { LinkOutcome } from "./link-outcome.ts";

export interface OpenLinkOptions extends Omit<LinkOwner, "onOpen"> {
  /** What the acceptor's supervisor minted. */
  readonly credential: string;
  /** Who this side is. Where postmortem questions are asked of it, unique for each connection. */
  readonly peer: string;
  readonly limits?: Partial<LinkLimits>;
  /** This side answers pings at once, or calls `announceSilence` before it does not. @default false */
  readonly isPrompt?: boolean;
}

/** How an acceptor is known, and this side to it. */
export interface DialTls {
  /** Whom to trust, PEM. */
  readonly ca?: Buffer;
  /** Of this side, where the acceptor wants it. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** The name that the acceptor's certificate must have: addresses come and go. */
  readonly serverName: string;
}

export interface DialLinkOptions extends OpenLinkOptions {
  /** Unix socket path, `host:port`, or `tls://host:port`. */
  readonly address: string;
  /** Asked at each dial of a `tls://` address. @default none: such an address is not dialled */
  readonly tls?: (() => DialTls) | undefined;
}

/** `onClose` and `onDraining` are called for an open link only: until then the result says everything. */
export type DialResult =
  | { readonly type: "open"; readonly link: Link }
  | { readonly type: "ended"; readonly outcome: LinkOutcome };

/** Connects and greets, within `handshakeTimeoutMs` each. Never rejects. */
export async function dialLink(options: DialLinkOptions): Promise<DialResult> {
  const timeoutMs = options.limits?.handshakeTimeoutMs ?? DEFAULT_LINK_LIMITS.handshakeTimeoutMs;
  const connected = await connectSocket(options, timeoutMs);
  if (typeof connected === "string") {
    const { wire } = linkErrors.CONNECT_FAILED({ address: options.address, cause: connected });
    return { type: "ended", outcome: { type: "failed", error: wire } };
  }
  return await openLink(connected, options);
}

/** Greets over a socket that is connected. Never rejects. */
export function openLink(socket: Socket, options: OpenLinkOptions): Promise<DialResult> {
  return new Promise((resolve) => {
    let isOpen = false;
    new Link(socket, {
      ...options,
      role: { type: "initiator", credential: options.credential },
      onOpen: (link) => {
        isOpen = true;
        resolve({ type: "open", link });
      },
      onClose: (outcome, link) => {
        if (isOpen) options.onClose?.(outcome, link);
        else resolve({ type: "ended", outcome });
      },
    });
  });
}

const TLS_SCHEME = "tls://";

/** The socket, or why there is none. */
async function connectSocket({ address, tls }: DialLinkOptions, timeoutMs: number): Promise<Socket | string> {
  const isTls = address.startsWith(TLS_SCHEME);
  const target = parseAddress(isTls ? address.slice(TLS_SCHEME.length) : address);
  if (target === null) return "expected a socket path, host:port or tls://host:port";
  if (!isTls) return await waitForSocket(connect(target), "connect", timeoutMs);
  if (tls === undefined || "path" in target) return "it wants TLS, and no certificates to trust are set";
  try {
    const { serverName: servername, ...material } = tls();
    // Loaded by those who need it: workers dial nobody.
    const { connect: connectTls } = await import("node:tls");
    const socket = connectTls({ ...target, ...material, servername, minVersion: "TLSv1.3" });
    return await waitForSocket(socket, "secureConnect", timeoutMs);
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown); // of the certificates
  }
}

function waitForSocket(socket: Socket, readyEvent: string, timeoutMs: number): Promise<Socket | string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(`no connection within ${timeoutMs} ms`), timeoutMs);
    const onError = (error: Error): void => finish(error.message);
    const onConnect = (): void => finish(socket);
    const finish = (result: Socket | string): void => {
      clearTimeout(timer);
      socket.off(readyEvent, onConnect);
      socket.off("error", onError);
      if (typeof result === "string") {
        socket.on("error", () => {}); // a late failure of a socket that nobody waits for
        socket.destroy();
      }
      resolve(result);
    };
    socket.once(readyEvent, onConnect);
    socket.once("error", onError);
  });
}

function parseAddress(address: string): { path: string } | { host: string; port: number } | null {
  if (address.includes("/")) return { path: address };
  const colon = address.lastIndexOf(":");
  const port = Number(address.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65_535) return null;
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port };
}

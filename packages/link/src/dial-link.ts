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

export interface DialLinkOptions extends OpenLinkOptions {
  /** Unix socket path (it holds a `/`), or `host:port`. */
  readonly address: string;
}

/** `onClose` and `onDraining` are called for an open link only: until then the result says everything. */
export type DialResult =
  | { readonly type: "open"; readonly link: Link }
  | { readonly type: "ended"; readonly outcome: LinkOutcome };

/** Connects and greets, within `handshakeTimeoutMs` each. Never rejects. */
export async function dialLink(options: DialLinkOptions): Promise<DialResult> {
  const timeoutMs = options.limits?.handshakeTimeoutMs ?? DEFAULT_LINK_LIMITS.handshakeTimeoutMs;
  const connected = await connectSocket(options.address, timeoutMs);
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

/** The socket, or why there is none. */
function connectSocket(address: string, timeoutMs: number): Promise<Socket | string> {
  return new Promise((resolve) => {
    const target = parseAddress(address);
    if (target === null) {
      resolve("expected a socket path or host:port");
      return;
    }
    const socket = connect(target);
    const timer = setTimeout(() => finish(`no connection within ${timeoutMs} ms`), timeoutMs);
    const onError = (error: Error): void => finish(error.message);
    const onConnect = (): void => finish(socket);
    const finish = (result: Socket | string): void => {
      clearTimeout(timer);
      socket.off("connect", onConnect);
      socket.off("error", onError);
      if (typeof result === "string") {
        socket.on("error", () => {}); // a late failure of a socket that nobody waits for
        socket.destroy();
      }
      resolve(result);
    };
    socket.once("connect", onConnect);
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

import type { Socket } from "node:net";
import type { Hello } from "@nano/protocol/messages";
import type { LinkLimits } from "./limits.ts";
import { Link, type LinkOwner } from "./link.ts";
import type { LinkStream, StreamListener } from "./link-stream.ts";

export interface AcceptLinkOptions extends LinkOwner {
  /** Who this side is, for the initiator's logs. */
  readonly peer: string;
  readonly limits?: Partial<LinkLimits>;
  /** This side answers pings at once, or calls `announceSilence` before it does not. @default false */
  readonly isPrompt?: boolean;
  /** Compares `hello.credential` in constant time: `isSameCredential`. */
  verifyHello(hello: Hello): boolean;
  /** A stream of the peer. `isEnd`: it has no body (the listener's `onEnd` is called as well, after this returns). */
  onStream(stream: LinkStream, headPayload: Buffer, isEnd: boolean): StreamListener;
}

/** Serves the acceptor's side of a connected socket. `onClose` tells how it went, from the handshake on. */
export function acceptLink(socket: Socket, options: AcceptLinkOptions): Link {
  return new Link(socket, {
    ...options,
    role: {
      type: "acceptor",
      verifyHello: (hello) => options.verifyHello(hello),
      onStream: (stream, headPayload, isEnd) => options.onStream(stream, headPayload, isEnd),
    },
  });
}

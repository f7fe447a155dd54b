/** A peer that writes any bytes it likes: what the link makes of one that does not keep to the protocol. */
import { connect, type Socket } from "node:net";
import { encodeFrame, FrameDecoder, FrameType } from "@nano/protocol/frames";
import { encodeHello } from "@nano/protocol/messages";
import { onTestFinished } from "vitest";
import { CREDENTIAL } from "./linked-pair.ts";

export interface RawFrame {
  readonly type: FrameType;
  readonly isEnd: boolean;
  readonly streamId: number;
  readonly payload: Buffer;
}

export class RawPeer {
  readonly socket: Socket;
  readonly frames: RawFrame[] = [];
  readonly closed: Promise<void>;
  #waiting: { ready: () => boolean; resolve: () => void }[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    const decoder = new FrameDecoder((type, isEnd, streamId, payload) => {
      this.frames.push({ type, isEnd, streamId, payload });
    });
    socket.on("data", (chunk: Buffer) => {
      decoder.push(chunk);
      this.#waiting = this.#waiting.filter(({ ready, resolve }) => {
        if (!ready()) return true;
        resolve();
        return false;
      });
    });
    socket.on("error", () => {}); // the link may close while we write
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  send(type: FrameType, streamId: number, payload?: Uint8Array, flags = 0): void {
    this.socket.write(encodeFrame(type, streamId, payload, flags));
  }

  hello(
    changes: { credential?: string; oldestVersion?: number; newestVersion?: number; isPrompt?: boolean } = {},
  ): void {
    const hello = { oldestVersion: 1, newestVersion: 1, credential: CREDENTIAL, peer: "raw", ...changes };
    this.send(FrameType.HELLO, 0, encodeHello(hello));
  }

  /** Resolves with the first frame that fits. */
  async next(fits: (frame: RawFrame) => boolean): Promise<RawFrame> {
    await new Promise<void>((resolve) => {
      const ready = (): boolean => this.frames.some(fits);
      if (ready()) resolve();
      else this.#waiting.push({ ready, resolve });
    });
    const found = this.frames.find(fits);
    if (found === undefined) throw new Error("no such frame");
    return found;
  }
}

export async function connectRawPeer(address: string): Promise<RawPeer> {
  const socket = connect(address);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  onTestFinished(() => {
    socket.destroy();
  });
  return new RawPeer(socket);
}

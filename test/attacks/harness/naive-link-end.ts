/** An end of links without any of their bounds: it believes who comes, keeps what comes, sends what it is asked for, and waits for ever. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeFrame, FRAME_HEADER_BYTES, FrameType, MAX_DATA_BYTES } from "@nano/protocol/frames";
import { decodeWindow, encodeHello, encodeResponseHead } from "@nano/protocol/messages";
import { LinkPeer } from "./link-peer.ts";

/** Where even this one stops, so that it does not fill the machine: many times what a link's bounds come to. */
const ENOUGH_BYTES = 64 * 1024 * 1024;

const PONG = encodeFrame(FrameType.PONG, 0);

export class NaiveLinkEnd {
  readonly #streams = new Set<number>();
  #socket: Socket | null = null;
  /** To what came at once: they leave together. */
  readonly #answers: Buffer[] = [];
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #unfinishedBytes = 0;
  #strangeCount = 0;

  get streamCount(): number {
    return this.#streams.size;
  }

  /** Of bodies that nobody granted room for, and of frames that are not whole. */
  get keptBytes(): number {
    return this.#keptBytes + this.#unfinishedBytes;
  }

  /** Of what it has to say to a peer that does not read. */
  get unreadBytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  /** Frames that mean nothing. */
  get strangeCount(): number {
    return this.#strangeCount;
  }

  accept(socket: Socket): void {
    this.#socket = socket;
    socket.on("error", () => undefined); // `close` follows
    const pending: Buffer[] = [];
    let neededBytes = FRAME_HEADER_BYTES;
    socket.on("data", (chunk: Buffer) => {
      pending.push(chunk);
      this.#unfinishedBytes += chunk.length;
      if (this.#unfinishedBytes < neededBytes) return;
      const bytes = Buffer.concat(pending.splice(0));
      let at = 0;
      neededBytes = FRAME_HEADER_BYTES;
      while (bytes.length - at >= FRAME_HEADER_BYTES) {
        neededBytes = FRAME_HEADER_BYTES + bytes.readUInt32LE(at);
        if (bytes.length - at < neededBytes) break;
        const payload = bytes.subarray(at + FRAME_HEADER_BYTES, at + neededBytes);
        this.#take(bytes[at + 4] ?? 0, bytes.readUInt32LE(at + 8), payload);
        at += neededBytes;
        neededBytes = FRAME_HEADER_BYTES;
      }
      if (at < bytes.length) pending.push(bytes.subarray(at));
      this.#unfinishedBytes = bytes.length - at;
      socket.write(Buffer.concat(this.#answers.splice(0)));
    });
  }

  #take(type: number, streamId: number, payload: Buffer): void {
    switch (type) {
      case FrameType.HELLO:
        this.#send(
          FrameType.HELLO,
          0,
          encodeHello({ oldestVersion: 1, newestVersion: 1, credential: "", peer: "naive" }),
        );
        return;
      case FrameType.HEAD:
        this.#streams.add(streamId);
        this.#send(FrameType.HEAD, streamId, encodeResponseHead({ status: 200, statusText: "", headers: "" }));
        return;
      case FrameType.DATA:
        this.#kept.push(payload);
        this.#keptBytes += payload.length;
        return;
      case FrameType.WINDOW:
        this.#sendAll(streamId, Math.min(decodeWindow(payload), ENOUGH_BYTES));
        return;
      case FrameType.PING:
        this.#answers.push(PONG);
        return;
      default:
        this.#strangeCount += 1;
    }
  }

  #sendAll(streamId: number, bytes: number): void {
    for (let sent = 0; sent < bytes; sent += MAX_DATA_BYTES) {
      this.#send(FrameType.DATA, streamId, Buffer.alloc(MAX_DATA_BYTES));
    }
  }

  #send(type: FrameType, streamId: number, payload?: Uint8Array): void {
    this.#answers.push(encodeFrame(type, streamId, payload));
  }
}

/** Attacks an end of a link that is served for as long as it takes. */
export async function attackEnd<T>(accept: (socket: Socket) => void, use: (peer: LinkPeer) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "nano-naive-"));
  const address = join(folder, "s");
  const server = createServer((socket) => accept(socket));
  await new Promise<void>((resolve) => server.listen(address, resolve));
  const peer = await LinkPeer.connect(address);
  try {
    return await use(peer);
  } finally {
    peer.leave();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

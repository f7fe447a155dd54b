/** Who speaks on a link as it likes: any bytes, any frame, and nobody who makes it read. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { RequestId, VersionId } from "@nano/protocol/brands";
import { encodeFrame, FLAG_END_STREAM, FrameDecoder, FrameType, WIRE_VERSION } from "@nano/protocol/frames";
import { encodeHeaderBlock, encodeHello, encodeRequestHead } from "@nano/protocol/messages";

const LOOK_INTERVAL_MS = 20;

export interface SentRequest {
  readonly versionId: VersionId;
  readonly url: string;
  /** It announces a body of so many bytes, which is to follow. @default it has none */
  readonly bodyBytes?: number;
}

/** The frame that begins it. */
export function encodeRequest(streamId: number, { versionId, url, bodyBytes }: SentRequest): Buffer {
  const length = bodyBytes === undefined ? [] : ["content-length", String(bodyBytes)];
  const head = encodeRequestHead({
    requestId: `attack-${streamId}` as RequestId,
    versionId,
    method: bodyBytes === undefined ? "GET" : "POST",
    url,
    headers: encodeHeaderBlock(["host", new URL(url).host, ...length]),
  });
  return encodeFrame(FrameType.HEAD, streamId, head, bodyBytes === undefined ? FLAG_END_STREAM : 0);
}

export class LinkPeer {
  readonly socket: Socket;
  readonly #counts = new Map<number, number>();
  #text = "";
  #isClosed = false;

  static async connect(address: string): Promise<LinkPeer> {
    const socket = connect(address);
    await once(socket, "connect");
    return new LinkPeer(socket);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    const decoder = new FrameDecoder((type, _isEnd, _streamId, payload) => {
      this.#counts.set(type, this.countOf(type) + 1);
      if (type === FrameType.DATA) this.#text = payload.toString("latin1");
    });
    socket.on("data", (chunk: Buffer) => decoder.push(chunk));
    socket.on("error", () => undefined); // `close` follows
    socket.once("close", () => {
      this.#isClosed = true;
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Of the last DATA frame. */
  get text(): string {
    return this.#text;
  }

  /** How many frames of this type came. */
  countOf(type: FrameType): number {
    return this.#counts.get(type) ?? 0;
  }

  send(type: number, streamId: number, payload?: Uint8Array, flags = 0): void {
    this.write(encodeFrame(type as FrameType, streamId, payload, flags));
  }

  write(bytes: Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  greet(credential: string): void {
    const versions = { oldestVersion: WIRE_VERSION, newestVersion: WIRE_VERSION };
    this.send(FrameType.HELLO, 0, encodeHello({ ...versions, credential, peer: "attacker", isPrompt: true }));
  }

  ask(streamId: number, request: SentRequest): void {
    this.write(encodeRequest(streamId, request));
  }

  /** Whether it comes about in time. */
  async sees(holds: (peer: this) => boolean, withinMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + withinMs;
    while (!holds(this)) {
      if (performance.now() > deadlineMs) return false;
      await delay(LOOK_INTERVAL_MS);
    }
    return true;
  }

  /** Whether the other side ends the connection in time. */
  isEnded(withinMs: number): Promise<boolean> {
    return this.sees(({ isClosed }) => isClosed, withinMs);
  }

  leave(): void {
    this.socket.destroy();
  }
}

/** Answers routers that lost a worker: which of their requests was the suspect, and which had been entered. */
import { createServer, type Server, type Socket } from "node:net";
import { acceptLink } from "@nano/link/accept-link";
import { isSameCredential } from "@nano/link/credential";
import type { Link } from "@nano/link/link";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import { decodePostmortemQuestion, encodePostmortemAnswer } from "@nano/protocol/messages";
import { listenOn } from "@nano/service-kit/listen";
import { errors } from "../errors.ts";
import type { WorkerPool } from "./worker-pool.ts";

const SILENT: StreamListener = { onHead() {}, onData() {}, onEnd() {}, onReset() {}, onDrain() {} };

export interface PostmortemServerOptions {
  readonly address: string;
  readonly credential: string;
  readonly peer: string;
  readonly pool: WorkerPool;
}

export class PostmortemServer {
  readonly #options: PostmortemServerOptions;
  readonly #server: Server;
  readonly #links = new Set<Link>();

  constructor(options: PostmortemServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.accept(socket, null));
  }

  async open(): Promise<void> {
    await listenOn(this.#server, this.#options.address);
  }

  /** Serves a router's connection, or refuses it where its credential does not fit. `received`: what was read of it already. */
  accept(socket: Socket, received: Buffer | null): void {
    if (received !== null) socket.unshift(received);
    const { peer, credential } = this.#options;
    const link = acceptLink(socket, {
      peer,
      verifyHello: (hello) => isSameCredential(credential, hello.credential),
      onStream: (stream, payload) => {
        this.#answer(stream, payload);
        return SILENT;
      },
      onClose: (_, closed) => this.#links.delete(closed),
    });
    this.#links.add(link);
    socket.resume();
  }

  close(): void {
    this.#server.close();
    for (const link of this.#links) link.close();
  }

  #answer(stream: LinkStream, payload: Buffer): void {
    const question = decodePostmortemQuestion(payload);
    this.#options.pool.examine(question).then(
      (answer) => {
        if (answer === null) stream.reset(errors.WORKER_UNKNOWN({ workerId: question.workerId }).wire);
        else stream.sendHead(encodePostmortemAnswer(answer), true);
      },
      () => stream.reset(errors.WORKER_UNKNOWN({ workerId: question.workerId }).wire),
    );
  }
}

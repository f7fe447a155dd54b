/**
 * Answers who asks the supervisor: routers that lost a worker, which of their requests was the suspect and which had been entered;
 * registries, what an app writes from now on; routers, which WebSocket worker has an app's connections.
 */
import { createServer, type Server, type Socket } from "node:net";
import { acceptLink } from "@nano/link/accept-link";
import { isSameCredential } from "@nano/link/credential";
import type { Link } from "@nano/link/link";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import { type AppName, isAppName, isVersionId, type VersionId } from "@nano/protocol/brands";
import { toWireError } from "@nano/protocol/errors";
import {
  decodeSupervisorQuestion,
  encodePostmortemAnswer,
  encodeSocketWorkerAnswer,
  type PostmortemAnswer,
  type PostmortemQuestion,
  type SocketWorkerAnswer,
} from "@nano/protocol/messages";
import { listenOn } from "@nano/service-kit/listen";
import { errors } from "../errors.ts";
import type { LogFollowers } from "./log-followers.ts";

const SILENT: StreamListener = { onHead() {}, onData() {}, onEnd() {}, onReset() {}, onDrain() {} };

export interface PostmortemServerOptions {
  readonly address: string;
  readonly credential: string;
  readonly peer: string;
  readonly pool: { examine(question: PostmortemQuestion): Promise<PostmortemAnswer | null> };
  /** Where the connections of an app are served. @default nowhere: the question is not known */
  socketWorkerFor?(app: AppName): Promise<SocketWorkerAnswer>;
  /** Where a version in quarantine is served. @default nowhere: the question is not known */
  ownWorkerFor?(versionId: VersionId): Promise<SocketWorkerAnswer>;
  /** Takes who follows the output of an app. @default nobody is taken */
  readonly followers?: LogFollowers;
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
      onStream: (stream, payload) => this.#answer(stream, payload),
      onClose: (_, closed) => this.#links.delete(closed),
    });
    this.#links.add(link);
    socket.resume();
  }

  close(): void {
    this.#server.close();
    for (const link of this.#links) link.close();
  }

  #answer(stream: LinkStream, payload: Buffer): StreamListener {
    const question = decodeSupervisorQuestion(payload);
    const { followers, socketWorkerFor, ownWorkerFor } = this.#options;
    if (question.type === "postmortem") this.#examine(stream, question);
    else if (question.type === "socket_worker" && socketWorkerFor !== undefined && isAppName(question.app))
      answerWith(stream, socketWorkerFor(question.app));
    else if (question.type === "own_worker" && ownWorkerFor !== undefined && isVersionId(question.versionId))
      answerWith(stream, ownWorkerFor(question.versionId));
    else if (question.type === "logs" && followers !== undefined) return followers.follow(question.app, stream);
    else stream.reset(errors.QUESTION_UNKNOWN({}).wire);
    return SILENT;
  }

  #examine(stream: LinkStream, question: PostmortemQuestion): void {
    this.#options.pool.examine(question).then(
      (answer) => {
        if (answer === null) stream.reset(errors.WORKER_UNKNOWN({ workerId: question.workerId }).wire);
        else stream.sendHead(encodePostmortemAnswer(answer), true);
      },
      () => stream.reset(errors.WORKER_UNKNOWN({ workerId: question.workerId }).wire),
    );
  }
}

function answerWith(stream: LinkStream, named: Promise<SocketWorkerAnswer>): void {
  named.then(
    (answer) => stream.sendHead(encodeSocketWorkerAnswer(answer), true),
    (thrown: unknown) => stream.reset(toWireError(thrown)),
  );
}

/**
 * A worker, and its supervisor, as the router sees them: the real protocol over real sockets. It answers as it is told, and can
 * stall, die and say that it is full.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acceptLink } from "@nano/link/accept-link";
import type { Link } from "@nano/link/link";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { WorkerId } from "@nano/protocol/brands";
import type { WireError } from "@nano/protocol/errors";
import {
  decodeHeaderBlock,
  decodeRequestHead,
  decodeSupervisorQuestion,
  encodeHeaderBlock,
  encodePostmortemAnswer,
  encodeResponseHead,
  encodeSocketWorkerAnswer,
  type PostmortemAnswer,
  type PostmortemQuestion,
  preparedVersion,
  type RequestHead,
} from "@nano/protocol/messages";
import { onTestFinished } from "vitest";

const QUEUE_FULL: WireError = {
  code: "EXEC_QUEUE_FULL",
  message: "The queue is full",
  fault: "platform",
  retryable: true,
  httpStatus: 503,
  reason: "queue_full",
  details: {},
};

/** One request in a fake worker. */
export class FakeRequest implements StreamListener {
  readonly head: RequestHead;
  readonly stream: LinkStream;
  readonly worker: FakeWorker;
  readonly resets: WireError[] = [];
  readonly #chunks: Buffer[] = [];
  readonly #ended = Promise.withResolvers<Buffer>();
  readonly #reset = Promise.withResolvers<WireError>();
  isGranting = true;
  receivedBytes = 0;
  onDrain = (): void => {};
  /** Hears what comes in place of `body`. */
  onBytes: ((chunk: Buffer) => void) | null = null;

  constructor(worker: FakeWorker, stream: LinkStream, head: RequestHead) {
    this.worker = worker;
    this.stream = stream;
    this.head = head;
    this.#ended.promise.catch(() => {}); // most tests do not ask
  }

  get path(): string {
    return new URL(this.head.url).pathname;
  }

  get headers(): [string, string][] {
    const flat = decodeHeaderBlock(this.head.headers);
    return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ""]] : []));
  }

  /** The whole body. */
  body(): Promise<Buffer> {
    return this.#ended.promise;
  }

  whenReset(): Promise<WireError> {
    return this.#reset.promise;
  }

  respondHead(status: number, headers: string[] = [], isEnd = false, statusText = ""): void {
    this.stream.sendHead(encodeResponseHead({ status, statusText, headers: encodeHeaderBlock(headers) }), isEnd);
  }

  respond(body: string | Buffer, options: { status?: number; headers?: string[]; statusText?: string } = {}): void {
    const { status = 200, headers = ["content-type", "text/plain"], statusText } = options;
    this.respondHead(status, headers, false, statusText);
    this.stream.end(Buffer.from(body));
  }

  refuse(changes: Partial<WireError> = {}): void {
    this.stream.reset({ ...QUEUE_FULL, ...changes });
  }

  onHead(): void {}
  onData(chunk: Buffer): void {
    if (this.onBytes === null) this.#chunks.push(chunk);
    else this.onBytes(chunk);
    this.receivedBytes += chunk.length;
    if (this.isGranting) this.stream.grant(chunk.length);
  }
  onEnd(): void {
    this.#ended.resolve(Buffer.concat(this.#chunks));
  }
  onReset(error: WireError): void {
    this.resets.push(error);
    this.#reset.resolve(error);
    this.#ended.reject(new Error(error.message));
  }
}

type Handler = (request: FakeRequest) => void;

let workerCount = 0;

export class FakeWorker {
  readonly id: string;
  readonly address: string;
  readonly credential: string;
  readonly requests: FakeRequest[] = [];
  readonly peers: string[] = [];
  /** Versions that it was asked to hold ready. */
  readonly prepared: string[] = [];
  handler: Handler;
  /** What it does when it is asked to: it has it at once. */
  onPrepare: Handler = (request) => request.respondHead(204, [], true);
  readonly #sockets = new Set<Socket>();
  readonly #links = new Set<Link>();
  readonly #waiting: ((request: FakeRequest) => void)[] = [];
  #server: Server;
  #takenCount = 0;

  constructor(folder: string, handler: Handler) {
    workerCount += 1;
    this.id = `worker-${workerCount}`;
    this.credential = `credential of ${this.id}`;
    this.address = join(folder, `${this.id}.sock`);
    this.handler = handler;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.address, () => resolve()));
  }

  /** The next request that nobody has asked for yet. */
  next(): Promise<FakeRequest> {
    const request = this.requests[this.#takenCount];
    if (request === undefined) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#takenCount += 1;
    return Promise.resolve(request);
  }

  /** As SIGKILL does it: sockets close, nobody listens any more. */
  die(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Takes no new requests. */
  drain(): void {
    for (const link of this.#links) link.goaway();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    const link = acceptLink(socket, {
      peer: this.id,
      verifyHello: (hello) => {
        this.peers.push(hello.peer);
        return hello.credential === this.credential;
      },
      onStream: (stream, payload) => {
        const request = new FakeRequest(this, stream, decodeRequestHead(payload));
        const prepared = preparedVersion(request.head);
        if (prepared !== null) {
          this.prepared.push(prepared);
          this.onPrepare(request);
          return request;
        }
        this.requests.push(request);
        const waiting = this.#waiting.shift();
        if (waiting !== undefined) {
          this.#takenCount += 1;
          waiting(request);
        }
        this.handler(request);
        return request;
      },
      onClose: () => this.#links.delete(link),
    });
    this.#links.add(link);
  }
}

/** A worker, or why there is none. */
type NamedWorker = FakeWorker | WireError | null;

/** Answers postmortem questions as `answer` says, and names the WebSocket worker that `socketWorkerOf` says; null: never. */
export class FakeSupervisor {
  readonly address: string;
  readonly credential = "credential of the supervisor";
  readonly questions: PostmortemQuestion[] = [];
  answer: (question: PostmortemQuestion) => PostmortemAnswer | null = () => ({ suspect: 0, entered: [] });
  /** Apps whose WebSocket worker it was asked for. */
  readonly askedApps: string[] = [];
  socketWorkerOf: (app: string) => NamedWorker | Promise<NamedWorker> = () => null;
  /** Versions whose own worker it was asked for. */
  readonly askedVersions: string[] = [];
  ownWorkerOf: (versionId: string) => NamedWorker | Promise<NamedWorker> = () => null;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(folder: string) {
    this.address = join(folder, "supervisor.sock");
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      acceptLink(socket, {
        peer: "supervisor",
        verifyHello: (hello) => hello.credential === this.credential,
        onStream: (stream, payload) => {
          const question = decodeSupervisorQuestion(payload);
          if (question.type === "postmortem") {
            const { workerId, peer, streamIds } = question;
            this.questions.push({ workerId, peer, streamIds });
            const answer = this.answer(question);
            if (answer !== null) stream.sendHead(encodePostmortemAnswer(answer), true);
          } else if (question.type === "socket_worker") {
            this.askedApps.push(question.app);
            void this.#name(this.socketWorkerOf(question.app), stream);
          } else if (question.type === "own_worker") {
            this.askedVersions.push(question.versionId);
            void this.#name(this.ownWorkerOf(question.versionId), stream);
          }
          return { onHead() {}, onData() {}, onEnd() {}, onReset() {}, onDrain() {} };
        },
      });
    });
  }

  async #name(named: NamedWorker | Promise<NamedWorker>, stream: LinkStream): Promise<void> {
    const worker = await named;
    if (worker === null || "code" in worker) {
      stream.reset(worker ?? { ...QUEUE_FULL, reason: "no_socket_worker" });
      return;
    }
    const { id, address, credential } = worker;
    stream.sendHead(encodeSocketWorkerAnswer({ workerId: id as WorkerId, address, credential }), true);
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.address, () => resolve()));
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

export interface FakeNode {
  readonly supervisor: FakeSupervisor;
  startWorker(handler?: Handler): Promise<FakeWorker>;
}

/** A folder of sockets with a supervisor; everything in it ends with the test. */
export async function startFakeNode(): Promise<FakeNode> {
  const folder = mkdtempSync(join(tmpdir(), "nano-router-"));
  const supervisor = new FakeSupervisor(folder);
  const workers: FakeWorker[] = [];
  await supervisor.listen();
  onTestFinished(() => {
    supervisor.close();
    for (const worker of workers) worker.die();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    supervisor,
    async startWorker(handler = (request) => request.respond(`hello from ${request.worker.id}`)) {
      const worker = new FakeWorker(folder, handler);
      workers.push(worker);
      await worker.listen();
      return worker;
    },
  };
}

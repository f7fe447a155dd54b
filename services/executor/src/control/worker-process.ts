/**
 * One worker process from fork to exit, with what is its own: a directory, a flight recorder, a listening socket, a credential.
 *
 *   starting ──ready──▶ serving ──drain──▶ draining ──▶ exited
 *       └──────────────── dies, hangs, is killed ─────────┘
 *
 * I1 It gets no environment, no descriptor but its recorder's, and may read the product's code and its own directory. It leaves no core dump.
 * I2 Its sockets are opened or accepted here and handed over: under Node's permissions it can open none itself.
 */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, rmSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WorkerId } from "@nano/protocol/brands";
import type { WorkerEndpoint } from "@nano/protocol/records";
import { entryFile } from "@nano/service-kit/entry-file";
import { limitedNode } from "@nano/service-kit/limited-node";
import { listenOn } from "@nano/service-kit/listen";
import { errors } from "../errors.ts";
import type { FromWorker, LinkedPeer, ToWorker, WorkerBudgets, WorkerKind } from "../worker-messages.ts";
import { workerArguments } from "./worker-permissions.ts";

/** Routers' sockets on their way to one worker: a busy one takes them between two entries. */
const MAX_HANDOVERS = 256;

const WORKER_ENTRY = new URL("../worker.main.ts", import.meta.url);

/** Why a worker was lost: it died, or was ended by its supervisor. */
export type LossCause = "died" | "hung" | "memory";

export interface WorkerProcessOptions {
  readonly id: WorkerId;
  readonly runDirectory: string;
  readonly recorderDirectory: string;
  /** Parent of the worker's own directory; on the file system of the node's cache, so that links work. */
  readonly workersDirectory: string;
  readonly budgets: WorkerBudgets;
  /** @default false */
  readonly hasDebugHeaders?: boolean;
  /** @default "http" */
  readonly kind?: WorkerKind;
  readonly startMs: number;
  /** Resident memory above which it is ended. */
  readonly residentLimitBytes: number;
  /** Files and sockets that it may have open. */
  readonly descriptorCount: number;
  onMessage(message: Exclude<FromWorker, { type: "ready" | "took_socket" }>): void;
  onError(line: string): void;
}

export class WorkerProcess {
  readonly endpoint: WorkerEndpoint;
  readonly directory: string;
  readonly recorderFd: number;
  /** Resolves when the process is gone. Never rejects. */
  readonly exited: Promise<void>;
  readonly #options: WorkerProcessOptions;
  readonly #child: ChildProcess;
  readonly #server: Server;
  /** Sockets that the worker has not taken yet, in order. */
  readonly #handovers = new Map<Socket, SocketHandle>();
  #isGone = false;
  #isBuried = false;

  /** Answers a worker that serves. @throws EXEC_WORKER_START */
  static async start(options: WorkerProcessOptions): Promise<WorkerProcess> {
    const worker = new WorkerProcess(options);
    try {
      await Promise.all([worker.#ready(), listenOn(worker.#server, worker.endpoint.address)]);
    } catch (thrown) {
      worker.kill();
      await worker.exited;
      worker.bury();
      throw thrown;
    }
    const { id, credential } = worker.endpoint;
    const { budgets, hasDebugHeaders = false } = options;
    worker.send({ type: "start", workerId: id, credential, budgets, kind: worker.kind, hasDebugHeaders });
    return worker;
  }

  private constructor(options: WorkerProcessOptions) {
    this.#options = options;
    const { id } = options;
    this.endpoint = {
      id,
      address: join(options.runDirectory, `${id}.sock`),
      credential: randomBytes(32).toString("hex"),
    };
    this.directory = join(options.workersDirectory, id);
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    // Without a name it is gone with the last descriptor, also where this process is killed.
    const recorderPath = join(options.recorderDirectory, `nano-${process.pid}-${id}.recorder`);
    this.recorderFd = openSync(recorderPath, "w+", 0o600);
    unlinkSync(recorderPath);
    this.#server = createServer({ pauseOnConnect: true }, (socket) => {
      this.handOver(socket, null);
    });
    const node = limitedNode(options, workerArguments(this.directory, this.kind));
    this.#child = fork(fileURLToPath(entryFile(WORKER_ENTRY)), [this.kind], {
      execPath: node.file,
      execArgv: node.args,
      env: {},
      stdio: ["ignore", "pipe", "pipe", "ipc", this.recorderFd],
    });
    this.exited = new Promise((resolve) => {
      const end = (): void => {
        if (this.#isGone) return;
        this.#isGone = true;
        this.#server.close();
        // Their peers would wait for a process that is not there. Node never closes the one that it was sending.
        for (const [socket, handle] of this.#handovers) {
          socket.destroy();
          handle.close();
        }
        this.#handovers.clear();
        resolve();
      };
      this.#child.once("exit", end);
      this.#child.once("error", end);
    });
    this.#child.on("message", (message: FromWorker) => {
      if (message.type === "took_socket") this.#tookSocket();
      else if (message.type !== "ready") options.onMessage(message);
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => options.onError(text.slice(0, 8_192)));
    }
  }

  get id(): WorkerId {
    return this.endpoint.id;
  }

  get kind(): WorkerKind {
    return this.#options.kind ?? "http";
  }

  get residentLimitBytes(): number {
    return this.#options.residentLimitBytes;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Whether routers that are sent to it get there: one that is dying loses its channel to here first. */
  get isReachable(): boolean {
    return !this.#isGone && this.#child.connected;
  }

  get hasEndedCleanly(): boolean {
    return this.#isGone && this.#child.exitCode === 0;
  }

  /** Why it ended, for logs: the signal or the exit code. */
  get ending(): string {
    return this.#child.signalCode ?? `exit code ${this.#child.exitCode}`;
  }

  send(message: ToWorker): void {
    if (!this.#isGone && this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** Gives it a router's connection, and what was read of it already. */
  handOver(socket: Socket, received: Buffer | null): void {
    if (this.#isGone || !this.#child.connected || this.#handovers.size >= MAX_HANDOVERS) {
      socket.destroy();
      return;
    }
    const handle = handleOf(socket);
    if (handle === null) {
      socket.destroy();
      return;
    }
    if (received !== null) stopReading(handle);
    this.#handovers.set(socket, handle);
    const message: ToWorker = {
      type: "router_socket",
      ...(received === null ? {} : { received: received.toString("base64") }),
    };
    this.#child.send(message, socket, {}, () => undefined);
  }

  /** It has the oldest of the sockets that were handed over. */
  #tookSocket(): void {
    const [socket] = this.#handovers.keys();
    if (socket !== undefined) this.#handovers.delete(socket);
  }

  /** Connects it to a process beside it. */
  async openPeer(peer: LinkedPeer, socketPath: string, credential: string): Promise<void> {
    const socket = connect({ path: socketPath });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    socket.pause();
    if (this.#isGone) socket.destroy();
    else this.#child.send({ type: "peer_socket", peer, credential } satisfies ToWorker, socket, {}, () => undefined);
  }

  /** Asks it to finish what it has and exit. */
  drain(): void {
    this.#server.close();
    this.send({ type: "drain" });
  }

  /** Asks it to give up what it still has of that, and exit. */
  cut(): void {
    this.send({ type: "cut" });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Removes what it left behind; its recorder cannot be read after that. Idempotent. */
  bury(): void {
    if (this.#isBuried) return;
    this.#isBuried = true;
    rmSync(this.directory, { recursive: true, force: true });
    rmSync(this.endpoint.address, { force: true });
    closeSync(this.recorderFd);
  }

  #ready(): Promise<void> {
    const { startMs } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(errors.WORKER_START({ deadlineMs: startMs, ending: this.ending }));
      const timer = setTimeout(fail, startMs);
      this.#child.once("message", () => {
        clearTimeout(timer);
        resolve();
      });
      this.exited.then(() => {
        clearTimeout(timer);
        fail();
      });
    });
  }
}

/** What Node has no public way to: the system's side of a socket. */
interface SocketHandle {
  reading: boolean;
  readStop(): void;
  /** Idempotent. */
  close(): void;
}

function handleOf(socket: Socket): SocketHandle | null {
  return (socket as Socket & { _handle?: SocketHandle | null })._handle ?? null;
}

/**
 * Node goes on reading a paused socket until its buffer is full, and drops what it has read of one that is sent away: this is what its own
 * `pause` does where it stops at once.
 */
function stopReading(handle: SocketHandle): void {
  handle.reading = false;
  handle.readStop();
}

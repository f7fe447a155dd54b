/**
 * Starts the threads of connections, in a process that may not. Node lets whoever may start a thread start one without the process's permissions
 * (`execArgv: []`), so no thread on which guests run may. One thread on which none ever runs starts the others, and all others give it up:
 *
 *   main thread ── opens the starter, gives up ──▶ guests        starter ── its one entry file, a port ──▶ thread: gives up ──▶ guests
 *
 * I1 `open` is done before the main thread runs a guest, and `giveUpThreads` is the first thing that a thread does.
 * I2 What the starter starts is fixed when it is opened: a message says with what data, never what.
 */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { entryFile } from "@nano/service-kit/entry-file";

const STARTER_ENTRY = new URL("./thread-starter.thread.ts", import.meta.url);

/** `workerData` of the starter. */
export interface StarterData {
  /** URL of the file that each thread runs. */
  readonly entry: string;
}

/** What the starter is told. */
export interface StartThread {
  readonly port: MessagePort;
  readonly data: unknown;
}

/** `workerData` of a thread. */
export interface StartedThread<T> {
  /** To the main thread, which hears its `close` when the thread is over. */
  readonly port: MessagePort;
  readonly data: T;
}

/** This thread starts no further one, now and later, whatever runs on it. */
export function giveUpThreads(): void {
  // Without permissions there is nothing to give up; older Nodes have them, and cannot give up any.
  process.permission?.drop?.("worker");
}

/** Whether this process was given what threads need, and has not given it up. */
export function mayStartThreads(): boolean {
  return process.permission?.has("worker") ?? true;
}

export class ThreadStarter {
  readonly #starter: Worker;

  /** Afterwards this thread can start none by itself. @param entry URL of the file that threads run */
  static async open(entry: URL): Promise<ThreadStarter> {
    const starter = new Worker(entryFile(STARTER_ENTRY), {
      workerData: { entry: entry.href } satisfies StarterData,
      env: {},
    });
    await new Promise<void>((resolve, reject) => {
      starter.once("message", () => resolve());
      starter.once("error", reject);
    });
    giveUpThreads();
    return new ThreadStarter(starter);
  }

  private constructor(starter: Worker) {
    this.#starter = starter;
    starter.unref();
  }

  /** Answers the port to a thread that is being started; it closes when the thread is over, or could not start. */
  start(data: unknown): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#starter.postMessage({ port: port2, data } satisfies StartThread, [port2]);
    return port1;
  }

  async close(): Promise<void> {
    await this.#starter.terminate();
  }
}

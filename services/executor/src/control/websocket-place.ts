/** A WebSocket worker process of the node, from the decision to start it until it is gone, with the apps that are in it. */
import type { AppName } from "@nano/protocol/brands";
import type { SocketStats } from "../worker-messages.ts";
import type { WorkerProcess } from "./worker-process.ts";

export class WebSocketPlace {
  /** One app that was seen to kill is in it, and no other. */
  readonly isOwn: boolean;
  /** When each app was last asked for, or had connections. */
  readonly #usedMs = new Map<AppName, number>();
  /** Rejects where it cannot be started. */
  readonly started: Promise<WorkerProcess>;
  /** Null: it is being started. */
  worker: WorkerProcess | null = null;
  /** It takes no app any more, and ends with its connections. */
  isLeaving = false;
  #connectionCount = 0;

  constructor({ isOwn, start }: { readonly isOwn: boolean; start(): Promise<WorkerProcess> }) {
    this.isOwn = isOwn;
    this.started = start().then((worker) => {
      this.worker = worker;
      return worker;
    });
    this.started.catch(() => undefined); // told to those who wait for it
  }

  get apps(): Iterable<AppName> {
    return this.#usedMs.keys();
  }

  get appCount(): number {
    return this.#usedMs.size;
  }

  get connectionCount(): number {
    return this.#connectionCount;
  }

  use(app: AppName, nowMs: number): void {
    this.#usedMs.set(app, nowMs);
  }

  remove(app: AppName): void {
    this.#usedMs.delete(app);
  }

  report({ connections, connectionsByApp }: SocketStats, nowMs: number): void {
    this.#connectionCount = connections;
    for (const app of this.#usedMs.keys()) {
      if ((connectionsByApp[app] ?? 0) > 0) this.#usedMs.set(app, nowMs);
    }
  }

  /** The app that was used longest ago, where that is at least `idleMs`. */
  idleApp(idleMs: number, nowMs: number): AppName | null {
    let idle: AppName | null = null;
    let oldestMs = nowMs - idleMs;
    for (const [app, usedMs] of this.#usedMs) {
      if (usedMs > oldestMs) continue;
      oldestMs = usedMs;
      idle = app;
    }
    return idle;
  }

  /** Whether it has no connection, and none of its apps was used for so long. */
  isIdle(idleMs: number, nowMs: number): boolean {
    if (this.worker === null || this.#connectionCount > 0) return false;
    return [...this.#usedMs.values()].every((usedMs) => usedMs <= nowMs - idleMs);
  }
}

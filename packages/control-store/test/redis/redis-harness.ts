/** What tests over Redis open: servers, stores and followers that go with the test. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { hasRedisServer, needRedisServer, RedisServer, type RedisServerOptions } from "@nano/test-kit/redis-server";
import { Redis } from "ioredis";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { BullBuildQueue, type BullQueueLimits } from "../../src/bull-build-queue.ts";
import type { ControlStore } from "../../src/control-store.ts";
import { followStore } from "../../src/follow-store.ts";
import { type RedisConfig, resolveRedisConfig } from "../../src/redis-config.ts";
import { RedisControlStore, type RedisStoreLimits } from "../../src/redis-control-store.ts";
import type { StoreState } from "../../src/store-state.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

export const CELL = "test";
export const IN_MEMORY = ["--save", "", "--appendonly", "no"];
export const APPEND_ONLY = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];

/** A server that ends with the test. */
export async function startServer(options: Partial<RedisServerOptions> = {}): Promise<RedisServer> {
  const directory = options.directory ?? join(temporaryDirectory(), "redis");
  const server = new RedisServer({ args: IN_MEMORY, ...options, directory });
  onTestFinished(() => server.stop());
  return server.start();
}

/** One server for all tests of a file, for as long as they run. */
export function useSharedServer(): RedisServer {
  const directory = mkdtempSync(join(tmpdir(), "nano-"));
  const server = new RedisServer({ directory, args: IN_MEMORY });
  needRedisServer();
  beforeAll(async () => {
    if (hasRedisServer) await server.start();
  });
  afterAll(async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return server;
}

/** A cell that no other test of the server uses. */
export function freshCell(server: RedisServer) {
  return resolveRedisConfig({ urls: [server.url], cell: `t${randomBytes(6).toString("hex")}` });
}

/** A plain client, for what an operator would do. */
export function openOperator(server: RedisServer): Redis {
  const client = new Redis({ path: server.socketPath });
  client.on("error", () => undefined);
  onTestFinished(() => client.disconnect());
  return client;
}

export function openStore(config: Partial<RedisConfig>, limits: Partial<RedisStoreLimits> = {}): RedisControlStore {
  const store = new RedisControlStore(resolveRedisConfig({ urls: [], cell: CELL, ...config }), limits);
  onTestFinished(() => store.close());
  return store;
}

export function openQueue(config: Partial<RedisConfig>, limits: Partial<BullQueueLimits> = {}): BullBuildQueue {
  const queue = new BullBuildQueue(resolveRedisConfig({ urls: [], cell: CELL, ...config }), limits);
  onTestFinished(() => queue.close());
  return queue;
}

export interface Following {
  readonly state: StoreState;
  readonly staleCodes: readonly string[];
  readonly skippedKeys: readonly string[];
  /** Until a state is so. */
  until(holds: (state: StoreState) => boolean): Promise<StoreState>;
  /** Until the store is known to be away. */
  untilStale(): Promise<void>;
}

/** Follows the store as a service does, for as long as the test runs. */
export function follow(store: ControlStore): Following {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  let state: StoreState = { epoch: "", seq: 0, records: new Map() };
  const staleCodes: string[] = [];
  const skippedKeys: string[] = [];
  const checks = new Set<() => void>();
  const check = (): void => {
    for (const each of [...checks]) each();
  };
  const wait = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        checks.delete(look);
        resolve();
      };
      checks.add(look);
      look();
    });
  void followStore(
    store,
    {
      backoff: { firstMs: 5, maxMs: 100 },
      onState(next) {
        state = next;
        check();
      },
      onStale(error) {
        staleCodes.push(error.code);
        check();
      },
      onSkipped: (keys) => void skippedKeys.push(...keys),
    },
    stop.signal,
  );
  return {
    get state() {
      return state;
    },
    staleCodes,
    skippedKeys,
    async until(holds) {
      await wait(() => holds(state));
      return state;
    },
    untilStale: () => wait(() => staleCodes.length > 0),
  };
}

/** For what a server does and does not tell. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await setImmediate();
}

/** Tries until the store takes it, as whoever commits does: with one idempotency key. */
export async function insist<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const { wire } = error as { wire?: { retryable: boolean } };
      if (wire?.retryable !== true) throw error;
      await setImmediate();
    }
  }
}

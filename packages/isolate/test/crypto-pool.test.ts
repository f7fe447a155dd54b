import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import type { CryptoAnswer } from "../src/crypto-job.ts";
import {
  CryptoPool,
  type CryptoWaiter,
  MAX_CRYPTO_IN_FLIGHT,
  MAX_CRYPTO_IN_FLIGHT_PER_APP,
  MAX_CRYPTO_PER_APP,
  MAX_CRYPTO_QUEUED_BYTES_PER_APP,
} from "../src/crypto-pool.ts";

/** Work whose end is the test's. */
class Work {
  readonly begun: string[] = [];
  readonly answers: string[] = [];
  readonly unwanted = new Set<string>();
  readonly #ends = new Map<string, { resolve: (answer: string) => void; reject: (reason: unknown) => void }>();

  waiter(name: string, options: { isLong?: boolean; heldBytes?: number } = {}): CryptoWaiter {
    const { isLong = false, heldBytes = 0 } = options;
    const runLater = (): Promise<CryptoAnswer> =>
      new Promise((resolve, reject) => {
        this.begun.push(name);
        this.#ends.set(name, { resolve, reject });
      });
    return {
      job: { isQuick: false, isLong, heldBytes, run: () => name, runLater },
      isWanted: () => !this.unwanted.has(name),
      deliver: (answer) => this.answers.push(String(answer)),
    };
  }

  async end(name: string): Promise<void> {
    const before = this.answers.length;
    this.#ends.get(name)?.resolve(name);
    await eventually(() => this.answers.length === before + 1);
  }

  async fail(name: string, reason: unknown): Promise<void> {
    this.#ends.get(name)?.reject(reason);
    await eventually(() => this.answers.length === 1);
  }
}

test("an app has so many of the threads, and all apps together leave one", () => {
  const pool = new CryptoPool();
  const work = new Work();
  for (let i = 0; i < 5; i++) pool.submit("a", work.waiter(`a${i}`));
  expect(work.begun).toHaveLength(MAX_CRYPTO_IN_FLIGHT_PER_APP);
  for (let i = 0; i < 5; i++) pool.submit("b", work.waiter(`b${i}`));
  expect(work.begun).toEqual(["a0", "a1", "b0"]);
  expect(pool.inFlightCount).toBe(MAX_CRYPTO_IN_FLIGHT);
  expect(pool.queuedCount).toBe(7);
});

test("apps take turns, however much one of them asks for", async () => {
  const pool = new CryptoPool();
  const work = new Work();
  for (let i = 0; i < 20; i++) pool.submit("a", work.waiter(`a${i}`));
  pool.submit("b", work.waiter("b0"));
  pool.submit("b", work.waiter("b1"));
  pool.submit("c", work.waiter("c0"));
  await work.end("a0");
  await work.end("a1");
  await work.end("a2");
  expect(work.begun).toEqual(["a0", "a1", "b0", "a2", "b1", "c0"]);
});

test("long work has one thread of an app, and never all of them", async () => {
  const pool = new CryptoPool();
  const work = new Work();
  for (const app of ["a", "b", "c"]) {
    pool.submit(app, work.waiter(`${app}-long`, { isLong: true }));
    pool.submit(app, work.waiter(`${app}-longer`, { isLong: true }));
  }
  expect(work.begun).toEqual(["a-long", "b-long"]);
  pool.submit("a", work.waiter("a-short"));
  expect(work.begun).toEqual(["a-long", "b-long", "a-short"]);
  await work.end("a-long");
  expect(work.begun).toContain("c-long");
});

test("what waits is bounded per app, in number and in bytes", () => {
  const pool = new CryptoPool();
  const work = new Work();
  const submit = (app: string, i: number, heldBytes = 0): boolean =>
    pool.submit(app, work.waiter(`${app}${i}`, { heldBytes }));
  for (let i = 0; i < MAX_CRYPTO_PER_APP; i++) expect(submit("a", i)).toBe(true);
  expect(submit("a", MAX_CRYPTO_PER_APP)).toBe(false);
  expect(submit("b", 0)).toBe(true);
  const half = MAX_CRYPTO_QUEUED_BYTES_PER_APP / 2;
  expect([1, 2, 3, 4].map((i) => submit("b", i, half))).toEqual([true, true, false, false]);
  expect(pool.refusedCount).toBe(3);
});

test("what nobody waits for any more is not begun", async () => {
  const pool = new CryptoPool();
  const work = new Work();
  for (let i = 0; i < 6; i++) pool.submit("a", work.waiter(`a${i}`, { isLong: i === 3 }));
  for (const name of ["a2", "a3", "a4"]) work.unwanted.add(name);
  await work.end("a0");
  expect(work.begun).toEqual(["a0", "a1", "a5"]);
  expect(pool.queuedCount).toBe(0);
});

test("work that fails, or does not begin, frees its thread, and says nothing of why", async () => {
  const pool = new CryptoPool();
  const work = new Work();
  pool.submit("a", work.waiter("a0"));
  await work.fail("a0", new Error("error:0480006C:PEM routines::the key itself"));
  const broken = work.waiter("a1");
  pool.submit("a", {
    ...broken,
    job: {
      ...broken.job,
      runLater() {
        throw new Error("at once");
      },
    },
  });
  await eventually(() => work.answers.length === 2);
  expect(new Set(work.answers)).toEqual(new Set(["!OperationError The operation failed"]));
  expect(pool.inFlightCount).toBe(0);
});

/** Init that goes on after its first statement: promises, timers, awaits. */
import type { InitCases } from "../init-case.ts";

export const asyncCases: InitCases = {
  subject: "asynchronous work",
  cases: [
    {
      name: "a promise that requests await",
      top: `const ready = (async () => { await null; await new Promise((resolve) => setTimeout(resolve, 50)); return "ready"; })();`,
      answer: "ready",
      expected: "ready",
    },
    {
      name: "a promise that is pending, and its resolver",
      top: `const { promise, resolve } = Promise.withResolvers(); const after = promise.then((value) => value + 1);`,
      answer: `(resolve(41), after)`,
      expected: 42,
    },
    {
      name: "a rejected promise that is handled later",
      top: `const failed = Promise.reject(new RangeError("kept")); failed.catch(() => {});`,
      answer: `failed.catch((error) => [error.name, error.message, error instanceof RangeError])`,
      expected: ["RangeError", "kept", true],
    },
    {
      name: "combinators over promises in each state",
      top: `const never = new Promise(() => {}); const all = Promise.allSettled([1, Promise.reject(2), Promise.resolve(3)]); const first = Promise.race([never, Promise.resolve("won")]); const any = Promise.any([Promise.reject(1), "any"]);`,
      answer: `[(await all).map((one) => one.value ?? one.reason), await first, await any]`,
      expected: [[1, 2, 3], "won", "any"],
    },
    {
      name: "microtasks that are done",
      top: `const order = []; queueMicrotask(() => order.push("micro")); Promise.resolve().then(() => order.push("then")); order.push("sync");`,
      answer: "order",
      expected: ["sync", "micro", "then"],
    },
    {
      name: "a long chain of awaits",
      top: `let sum = 0; for (let i = 0; i < 5_000; i++) sum += await i;`,
      answer: "sum",
      expected: 12_497_500,
    },
    {
      name: "timers, in the order in which they are due",
      top: `const order = []; setTimeout((what) => order.push(what), 20, "second"); setTimeout(() => { order.push("first"); setTimeout(() => order.push("third"), 50); }, 10); clearTimeout(setTimeout(() => order.push("never"), 0));`,
      answer: "order",
      expected: ["first", "second", "third"],
    },
    {
      name: "a wait of an hour",
      top: `await new Promise((resolve) => setTimeout(resolve, 3_600_000)); const done = true;`,
      answer: "done",
      expected: true,
    },
    {
      name: "waits of scheduler, one of which a signal ends",
      top: `const controller = new AbortController(); const order = [scheduler instanceof Scheduler];
        const ended = scheduler.wait(60_000, { signal: controller.signal }).catch((reason) => reason.name); await scheduler.wait(10); order.push("waited"); controller.abort();`,
      answer: `[...order, await ended, (await scheduler.wait(1)) ?? "again"]`,
      expected: [true, "waited", "AbortError", "again"],
    },
    {
      name: "an interval that it waits for",
      top: `let ticks = 0; await new Promise((resolve) => { const id = setInterval(() => { if (++ticks === 3) { clearInterval(id); resolve(); } }, 1000); });`,
      answer: "ticks",
      expected: 3,
    },
    {
      name: "an interval that goes on in requests",
      top: `let ticks = 0; let tell; const thrice = new Promise((resolve) => { tell = resolve; }); setInterval(() => { if (++ticks === 3) tell(ticks); }, 1);`,
      answer: "thrice",
      expected: 3,
    },
    {
      name: "a timer for later, set at init",
      top: `let tell; const later = new Promise((resolve) => { tell = resolve; }); setTimeout(() => tell("later"), 2_100);`,
      answer: "later",
      expected: "later",
    },
    {
      name: "async generators, one finished and one in flight",
      top: `async function* count() { let n = 0; try { for (;;) { await null; yield ++n; } } finally { n = -1; } } const flight = count(); await flight.next(); await flight.next(); const over = count(); await over.next(); await over.return();`,
      answer: `[(await flight.next()).value, (await over.next()).done]`,
      expected: [3, true],
      expectedAgain: [4, true],
    },
    {
      name: "an async iteration that waits for a request",
      top: `const queue = []; let wake; const seen = []; (async () => { for await (const item of (async function* () { for (;;) { if (queue.length === 0) await new Promise((r) => { wake = r; }); yield queue.shift(); } })()) seen.push(item); })();`,
      answer: `(queue.push("a"), wake?.(), await new Promise((r) => setTimeout(r, 5)), seen.length > 0)`,
      expected: true,
    },
    {
      name: "a thenable that is awaited",
      top: `const value = await { then(resolve) { setTimeout(() => resolve("thenable"), 1); } };`,
      answer: "value",
      expected: "thenable",
    },
    {
      name: "an export with the name then",
      top: `export const then = (resolve) => resolve("not me");`,
      expected: 1,
    },
    {
      name: "a top-level await that throws, caught",
      top: `let caught; try { await Promise.reject(new TypeError("caught")); } catch (error) { caught = error.message; }`,
      answer: "caught",
      expected: "caught",
    },
    {
      name: "an await that never settles",
      top: `await new Promise(() => {});`,
      reaches: "BUILD_INIT_STALLED",
      reason: /Top level of the app never settles: .*await that in the handler/,
    },
    {
      name: "a promise that never settles, not awaited",
      top: `const never = new Promise(() => {}); let woke = false; never.then(() => { woke = true; });`,
      answer: "woke",
      expected: false,
    },
    {
      name: "using and await using",
      top: `const closed = []; { using first = { [Symbol.dispose]: () => closed.push("sync") }; await using second = { [Symbol.asyncDispose]: async () => { await null; closed.push("async"); } }; }`,
      answer: "closed",
      expected: ["async", "sync"],
    },
    {
      name: "stores of AsyncLocalStorage",
      top: `import { AsyncLocalStorage } from "node:async_hooks"; const storage = new AsyncLocalStorage(); storage.enterWith("top"); const bound = storage.run("init", () => AsyncLocalStorage.bind(() => storage.getStore())); const waiting = storage.run("waited", async () => { await new Promise((resolve) => setTimeout(resolve, 20)); return storage.getStore(); });`,
      answer: `[storage.getStore() ?? null, bound(), await waiting, await storage.run("request", async () => { await null; return storage.getStore(); })]`,
      expected: [null, "init", "waited", "request"],
    },
    {
      name: "stores of AsyncLocalStorage and top-level await",
      top: `import { AsyncLocalStorage } from "node:async_hooks"; const storage = new AsyncLocalStorage(); const seen = await storage.run("init", async () => { await new Promise((resolve) => setTimeout(resolve, 20)); return storage.getStore(); });`,
      answer: `[storage.getStore() ?? null, seen]`,
      expected: [null, "init"],
    },
  ],
};

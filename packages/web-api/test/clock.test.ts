/** The one clock of a guest: what it shows, and what tenant code can try to see a finer one. */
import ivm from "isolated-vm";
import { describe, expect, test } from "vitest";
import { ATTACH_GLOBAL, GuestEvent, HostOp } from "../src/boundary.ts";
import { openGuest, openUnattached, SECRET } from "./harness.ts";

/** Every way to ask for the time, as milliseconds since the epoch, and what takes much longer than one. */
const WAYS = `
  const spin = () => { let x = 1; for (let i = 0; i < 4e6; i++) x = (Math.imul(x, 31) + i) | 0; return x; };
  const stamp = new Intl.DateTimeFormat("en", { hour12: false, fractionalSecondDigits: 3, minute: "numeric", second: "numeric", timeZone: "UTC" });
  const textOf = (ms) => stamp.format(ms);
  const ways = {
    now: () => Date.now(),
    made: () => new Date().getTime(),
    called: () => Date.parse(Date()) + Date.now() % 1000,
    derived: () => new (class extends Date {})().getTime(),
    reflected: () => Reflect.construct(Date, [], class {}) && Date.prototype.getTime.call(Reflect.construct(Date, [], Object)),
    constructed: () => new (new Date(0).constructor)().getTime(),
    cloned: () => new (structuredClone(new Date(0)).constructor)().getTime(),
    performance: () => performance.timeOrigin + performance.now(),
    json: () => performance.toJSON().timeOrigin + performance.now(),
    event: () => performance.timeOrigin + new Event("kind").timeStamp,
    custom: () => performance.timeOrigin + new CustomEvent("kind").timeStamp,
    file: () => new File([], "name").lastModified,
    form: () => { const form = new FormData(); form.set("a", new Blob([])); return form.get("a").lastModified; },
    instant: () => Temporal.Now.instant().epochMilliseconds,
    zoned: () => Temporal.Now.zonedDateTimeISO("Asia/Tokyo").epochMilliseconds,
    plain: () => Temporal.Now.plainDateTimeISO("UTC").toZonedDateTime("UTC").epochMilliseconds,
  };
  const texts = {
    format: () => stamp.format(),
    undefined: () => stamp.format(undefined),
    parts: () => stamp.formatToParts().map(({ value }) => value).join(""),
    called: () => Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, "format").get.call(stamp)(),
    legacy: () => Intl.DateTimeFormat.call(Object.create(Intl.DateTimeFormat.prototype), "en", stamp.resolvedOptions()).format().slice(0, 5),
  };
  const readAll = () => [Object.values(ways).map((way) => way()), Object.values(texts).map((way) => way())];`;

describe.each(["snapshot", "source"] as const)("from %s", (from) => {
  test("every way to ask for the time gives the same, and none goes on while code runs", async () => {
    using guest = await openGuest({
      from,
      app: `exports.default = { async fetch() {
        ${WAYS}
        const first = readAll();
        spin();
        const second = readAll();
        await null;
        spin();
        await new Promise((resolve) => queueMicrotask(resolve));
        const third = readAll();
        return Response.json({ first, second, third, text: textOf(Date.now()) });
      } };`,
    });
    const startMs = Date.now();
    guest.request();
    const endMs = Date.now();
    const { first, second, third, text } = JSON.parse(guest.answer().body);
    const [[nowMs]] = first;
    expect(nowMs).toBeGreaterThanOrEqual(startMs);
    expect(nowMs).toBeLessThanOrEqual(endMs);
    expect(Number.isInteger(nowMs)).toBe(true);
    expect(first[0]).toEqual(first[0].map(() => nowMs));
    expect(first[1].slice(0, -1)).toEqual(first[1].slice(0, -1).map(() => text));
    expect(second).toEqual(first);
    expect(third).toEqual(first);
  });

  test("a later entry has a later time, and never an earlier one", async () => {
    using guest = await openGuest({
      from,
      app: `const times = [];
        exports.default = { fetch() { times.push(Date.now(), performance.now()); return Response.json(times); } };`,
    });
    const starts: number[] = [];
    for (let id = 1; id <= 3; id++) {
      const previousMs = Date.now();
      while (Date.now() === previousMs);
      starts.push(Date.now());
      guest.request({ id });
    }
    const times = JSON.parse(guest.answer(3).body) as number[];
    for (const [i, startMs] of starts.entries()) {
      expect(times[2 * i]).toBeGreaterThanOrEqual(startMs);
      expect((times[2 * i + 1] ?? 0) - (times[1] ?? 0)).toBe((times[2 * i] ?? 0) - (times[0] ?? 0));
    }
  });
});

test("a request asks the host for no time", async () => {
  using guest = await openGuest({
    app: `exports.default = { fetch() { ${WAYS} readAll(); return new Response(); } };`,
  });
  guest.request();
  expect(guest.of(HostOp.NOW)).toEqual([]);
  expect(guest.of(HostOp.CLOCK_READ)).toEqual([]);
});

test("performance counts from when a context first asked, and not from init", async () => {
  using guest = await openGuest({
    app: `const atInit = performance.timeOrigin;
      exports.default = { fetch() { return Response.json([atInit, performance.timeOrigin, performance.now()]); } };`,
  });
  const startMs = Date.now();
  guest.request();
  const [atInit, originMs, nowMs] = JSON.parse(guest.answer().body);
  expect(atInit).toBeGreaterThan(1e12);
  expect(originMs).toBeGreaterThanOrEqual(startMs);
  expect(nowMs).toBe(0);
});

test("the times of events and timers in one entry are one, and of two entries two", async () => {
  using guest = await openGuest({
    app: `exports.default = { async fetch() {
      const first = new Event("a");
      const early = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 5));
      const second = new Event("b");
      return Response.json([second.timeStamp - first.timeStamp, Date.now() - early, first.timeStamp]);
    } };`,
  });
  guest.request();
  const previousMs = Date.now();
  while (Date.now() < previousMs + 5);
  guest.enter(GuestEvent.TIMER, guest.of(HostOp.TIMER_SET)[0]?.id ?? 0);
  const [stampedMs, passedMs, firstMs] = JSON.parse(guest.answer().body);
  expect(stampedMs).toBe(passedMs);
  expect(passedMs).toBeGreaterThanOrEqual(4);
  expect(firstMs).toBe(0);
});

test("console.time shows what the clock shows", async () => {
  using guest = await openGuest({
    app: `exports.default = { fetch() { ${WAYS} console.time("a"); spin(); console.timeEnd("a"); return new Response(); } };`,
  });
  guest.request();
  expect(guest.of(HostOp.LOG).map(({ args }) => args[1])).toEqual(["a: 0ms"]);
});

describe("the engine's own clock is out of reach", () => {
  test("by anything that can be reached from the global, its members called or not", async () => {
    using guest = await openGuest();
    guest.request();
    expect(
      guest.evaluate(`(() => {
        for (const name of Object.getOwnPropertyNames(globalThis)) globalThis[name];
        const names = ["Date", "now", "get format", "formatToParts", "plainDateISO", "plainDateTimeISO", "plainTimeISO", "zonedDateTimeISO", "instant"];
        const text = Function.prototype.toString, found = [], seen = new Set(), queue = [["", globalThis]];
        queue.push(["instant", new Date(0).toTemporalInstant()], ["format", new Intl.DateTimeFormat()], ["event", new Event("a")]);
        while (queue.length > 0) {
          const [path, value] = queue.shift();
          if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) continue;
          seen.add(value);
          // Other classes of Intl have methods of these names, without a default.
          const isOther = path.includes("/Intl/") && !path.includes("/DateTimeFormat/");
          if (typeof value === "function" && !isOther && names.includes(value.name) && text.call(value).includes("[native code]")) found.push(path);
          queue.push([path + "/<prototype>", Object.getPrototypeOf(value)]);
          for (const key of Reflect.ownKeys(value)) {
            const d = Object.getOwnPropertyDescriptor(value, key);
            for (const part of ["value", "get", "set"]) if (d[part] !== undefined) queue.push([path + "/" + String(key), d[part]]);
          }
        }
        return found;
      })()`),
    ).toEqual([]);
  });

  test.each([
    [
      "a getter of the global, again",
      `Object.getOwnPropertyDescriptor(globalThis, "Date").get?.call(globalThis) ?? Date`,
    ],
    ["a deleted name", `(delete globalThis.Date, typeof Date === "undefined" ? kept : Date)`],
    [
      "the prototype's constructor, deleted",
      `(delete kept.prototype.constructor, new kept(0).constructor === Object ? kept : new kept(0).constructor)`,
    ],
    ["a species", `kept[Symbol.species] ?? kept`],
    ["its parent", `(Object.getPrototypeOf(kept) === Function.prototype ? kept : Object.getPrototypeOf(kept))`],
    ["a function's realm", `new (Function("return Date"))`],
    ["eval", `(0, eval)("Date")`],
    ["a getter that was taken early", `early.call(globalThis)`],
    [
      "a proxy as new.target",
      `function () { return Reflect.construct(kept, [], new Proxy(kept, { get: (t, k) => t[k] })); }`,
    ],
  ])("by way of %s", async (_, expression) => {
    using guest = await openGuest({
      app: `const early = Object.getOwnPropertyDescriptor(globalThis, "Date").get ?? (() => Date);
        exports.default = { fetch() {
          const kept = Date;
          const spin = () => { let x = 1; for (let i = 0; i < 4e6; i++) x = (Math.imul(x, 31) + i) | 0; return x; };
          const found = (${expression});
          const read = () => kept.prototype.getTime.call(new found());
          const first = read();
          spin();
          return Response.json([first - Number(kept.now()), read() - first]);
        } };`,
    });
    guest.request();
    expect(JSON.parse(guest.answer().body)).toEqual([0, 0]);
  });

  test("by way of a Temporal that the app took apart: it gets what it put there", async () => {
    using guest = await openGuest({
      app: `exports.default = { fetch() {
        const outcomes = [];
        const { toTemporalInstant } = Date.prototype;
        let seen = 0;
        Date.prototype.toTemporalInstant = function () { seen = arguments.length + Number(this instanceof Date); return toTemporalInstant.call(this); };
        outcomes.push(typeof Temporal, seen, Temporal.Now.instant().epochMilliseconds - Date.now());
        delete Date.prototype.toTemporalInstant;
        outcomes.push(Temporal.Now.instant().epochMilliseconds - Date.now());
        return Response.json(outcomes);
      } };`,
    });
    guest.request();
    expect(JSON.parse(guest.answer().body)).toEqual(["object", 1, 0, 0]);
  });

  test("and nothing of the platform's breaks where an app broke Date", async () => {
    using guest = await openGuest({
      app: `globalThis.Date = class { constructor() { throw new Error("mine"); } static now() { throw new Error("mine"); } };
        exports.default = { fetch() {
          Object.defineProperty(globalThis, "Temporal", { get() { throw new Error("mine"); } });
          console.time("a"); console.log("line"); console.timeEnd("a");
          return Response.json([performance.now(), new Event("a").timeStamp, new File([], "f").lastModified > 1e12,
            new Intl.DateTimeFormat("en", { year: "numeric" }).format().length]);
        } };`,
    });
    guest.request();
    expect(JSON.parse(guest.answer().body)).toEqual([0, 0, true, 4]);
    expect(guest.of(HostOp.LOG).map(({ args }) => args[1])).toEqual(["line", "a: 0ms"]);
  });
});

test("no way of waiting blocks the thread, which would be a clock", async () => {
  using guest = await openGuest();
  expect(
    guest.evaluate(`[typeof Atomics.wait, typeof Atomics.waitAsync, typeof SharedArrayBuffer, typeof Worker, typeof ShadowRealm,
      typeof MessageChannel.prototype.wait, "memory" in performance, "hrtime" in globalThis]`),
  ).toEqual(["undefined", "undefined", "undefined", "undefined", "undefined", "undefined", false, false]);
});

describe("while an app initialises", () => {
  /** A guest that is attached for init to a host with clocks of its own; a `step` is an entry. */
  async function openInit(timesMs: readonly number[]) {
    const guest = await openUnattached({ from: "source" });
    const asked: string[] = [];
    let at = 0;
    const op = new ivm.Callback((code: number, _id: number, what: unknown) => {
      if (code === HostOp.NOW) return timesMs[at++];
      if (code === HostOp.CLOCK_READ) asked.push(String(what));
      return undefined;
    });
    const attach = guest.context.global.getSync(ATTACH_GLOBAL, { reference: true });
    const enter = attach.applySync(undefined, [SECRET, op, "{}", true], {
      result: { reference: true },
    }) as ivm.Reference;
    return {
      guest,
      asked,
      askedCount: () => at,
      step: () => enter.applySync(undefined, [GuestEvent.INIT_STATE, 0], { timeout: 1_000 }),
    };
  }

  test("the host is asked once per entry, and told of each read with what it was", async () => {
    const { guest, asked, askedCount, step } = await openInit([5_000, 6_000]);
    using _guest = guest;
    const read = `[Date.now(), +new Date(), Date.parse(Date()), performance.timeOrigin + performance.now(), new Event("a").timeStamp]`;
    expect(guest.evaluate(read)).toEqual([5_000, 5_000, 5_000, 5_000, 0]);
    expect(askedCount()).toBe(1);
    expect(asked).toEqual(["Date.now()", "new Date()", "Date()", "performance.now()"]);
    step();
    expect(guest.evaluate(read)).toEqual([6_000, 6_000, 6_000, 6_000, 1_000]);
    expect(askedCount()).toBe(2);
  });

  test("a clock that is set back a little stands still, and one that is set back far is followed", async () => {
    const { guest, step } = await openInit([50_000, 49_500, 50_001, 20_000, 20_001]);
    using _guest = guest;
    const seen: unknown[] = [];
    for (let i = 0; i < 5; i++) {
      seen.push(guest.evaluate("Date.now()"));
      step();
    }
    expect(seen).toEqual([50_000, 50_000, 50_001, 20_000, 20_001]);
  });

  test("a host that answers no number costs nothing but its clock", async () => {
    const { guest } = await openInit([]);
    using _guest = guest;
    expect(Math.abs((guest.evaluate("Date.now()") as number) - Date.now())).toBeLessThan(5_000);
  });

  test("Temporal is not there, and is afterwards", async () => {
    const { guest } = await openInit([]);
    using _guest = guest;
    expect(guest.evaluate("typeof Temporal")).toBe("undefined");
    guest.attach();
    expect(guest.evaluate("typeof Temporal")).toBe("object");
  });
});

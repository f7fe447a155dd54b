/** Intl that is touched while an app initialises: made before a heap snapshot, used after its restore. */
import { fork } from "node:child_process";
import { describe, expect, test } from "vitest";
import { openGuest, SECRET, webApiScript } from "./harness.ts";
import type { SnapshotTask } from "./snapshot.child.ts";

/** A child that hangs is killed before its test is given up. */
const CHILD_LIMIT_MS = 20_000;
const CHILD = new URL("./snapshot.child.ts", import.meta.url);

/** Runs `init`, serialises its heap, restores it and evaluates `use`; fails where the process aborts. */
async function restored(init: string, use: string, warmUp = ""): Promise<unknown> {
  const task: SnapshotTask = { webApi: await webApiScript(), secret: SECRET, init, use, warmUp };
  const child = fork(CHILD, {
    execArgv: ["--no-node-snapshot"],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    timeout: CHILD_LIMIT_MS,
  });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.once("message", resolve);
  child.once("exit", (code, signal) =>
    reject(new Error(`The child ended with ${signal ?? code}: ${errors.slice(0, 500)}`)),
  );
  child.send(task);
  return await promise;
}

/** The same init and use in one context, from source, as the lower rungs run it. */
async function fromSource(init: string, use: string): Promise<unknown> {
  using guest = await openGuest({ from: "source", app: `${init} exports.default = { fetch() {} };` });
  return guest.evaluate(use);
}

/** What both rungs have to answer. */
async function onBoth(init: string, use: string): Promise<unknown> {
  const [heap, source] = await Promise.all([restored(init, use), fromSource(init, use)]);
  expect(heap).toEqual(source);
  return heap;
}

describe("an object made at init", () => {
  test("of each kind works after a restore", async () => {
    expect(
      await onBoth(
        `globalThis.kept = {
          date: new Intl.DateTimeFormat("de", { timeZone: "UTC", dateStyle: "long" }),
          number: new Intl.NumberFormat("de", { style: "currency", currency: "EUR" }),
          collator: new Intl.Collator("sv"),
          plural: new Intl.PluralRules("en", { type: "ordinal" }),
          relative: new Intl.RelativeTimeFormat("en", { numeric: "auto" }),
          list: new Intl.ListFormat("de"),
          names: new Intl.DisplayNames("de", { type: "region" }),
          segmenter: new Intl.Segmenter("en", { granularity: "word" }),
          locale: new Intl.Locale("de", { region: "AT" }),
          duration: new Intl.DurationFormat("en", { style: "long" }),
        };`,
        `[kept.date.format(0), kept.number.format(1234.5).replace(/\\s/, " "), kept.collator.compare("z", "ö"),
          kept.plural.select(2), kept.relative.format(-1, "day"), kept.list.format(["a", "b"]), kept.names.of("AT"),
          [...kept.segmenter.segment("one two")].map((part) => part.segment), String(kept.locale.maximize()),
          kept.locale.region, kept.duration.format({ hours: 1 }), kept.number.formatToParts(1).length,
          kept.date.formatRange(0, 86400000), kept.number.resolvedOptions().currency]`,
      ),
    ).toEqual([
      "1. Januar 1970",
      "1.234,50 €",
      -1,
      "two",
      "yesterday",
      "a und b",
      "Österreich",
      ["one", " ", "two"],
      "de-Latn-AT",
      "AT",
      "1 hour",
      5,
      "1.–2. Januar 1970",
      "EUR",
    ]);
  });

  test("is used at init too, and its bound functions are still bound after a restore", async () => {
    expect(
      await onBoth(
        `const number = new Intl.NumberFormat("de");
        const { format } = number;
        const { compare } = new Intl.Collator("de");
        globalThis.atInit = [format(1234.5), ["z", "ä", "a"].sort(compare).join("")];
        globalThis.kept = { number, format, compare, date: new Intl.DateTimeFormat("de", { timeZone: "UTC" }).format };`,
        `[atInit, kept.format(99999.5), ["z", "ä", "a"].sort(kept.compare).join(""), kept.number.format === kept.format,
          [1, 2].map(kept.format), kept.date(0), /^\\d+\\.\\d+\\.\\d{4}$/.test(kept.date()), kept.format.length, kept.format.name]`,
      ),
    ).toEqual([["1.234,5", "aäz"], "99.999,5", "aäz", true, ["1", "2"], "1.1.1970", true, 1, ""]);
  });

  test("is made again as it was, whatever became of its arguments", async () => {
    expect(
      await onBoth(
        `let reads = 0;
        const inherited = { minimumFractionDigits: 2, get maximumFractionDigits() { reads++; return 3; } };
        const options = Object.create(inherited), locales = ["de"];
        globalThis.number = new Intl.NumberFormat(locales, options);
        globalThis.readCount = reads;
        inherited.minimumFractionDigits = 0;
        locales[0] = "en";`,
        `[number.format(1.5), number.format(1.23456), readCount]`,
      ),
    ).toEqual(["1,50", "1,235", 1]);
  });

  test("lives in closures, generators, errors, thousands and a warm-up", async () => {
    const init = `const many = Array.from({ length: 2000 }, (_, i) => new Intl.NumberFormat("de", { minimumFractionDigits: i % 4 }));
      globalThis.generator = (function* () {
        const { compare } = new Intl.Collator("de");
        yield compare("a", "b");
        yield compare("b", "a");
      })();
      generator.next();
      globalThis.pending = (async () => { const list = new Intl.ListFormat("de"); list.format(["a"]); await new Promise(() => {}); return list; })();
      globalThis.errors = [];
      try { new Intl.DateTimeFormat("de").formatToParts(NaN); } catch (e) { errors.push(e); }
      try { many[0].formatToParts({ valueOf() { throw new Error("mine"); } }); } catch (e) { errors.push(e); }
      globalThis.many = many;`;
    const use = `[generator.next().value, many.slice(0, 4).map((number) => number.format(1)), errors.map((e) => e.name)]`;
    const warmUp = `globalThis.warm = new Intl.NumberFormat("de"); warm.format(many[1].format(2)); generator.next();`;
    const expected = [1, ["1", "1,0", "1,00", "1,000"], ["RangeError", "Error"]];
    expect(await restored(init, use, warmUp)).toEqual(expected);
    expect(await fromSource(init, use)).toEqual(expected);
  });

  test("is a segmentation or its iterator, which goes on where it was", async () => {
    expect(
      await onBoth(
        `const segments = new Intl.Segmenter("en", { granularity: "word" }).segment("one two");
        const iterator = segments[Symbol.iterator]();
        iterator.next();
        globalThis.kept = { segments, iterator };`,
        `[kept.iterator.next().value, Array.from(kept.iterator, (part) => part.segment), kept.iterator.next().done,
          kept.segments.containing(5).segment, [...kept.segments].length, Object.prototype.toString.call(kept.iterator),
          kept.iterator[Symbol.iterator]() === kept.iterator, kept.iterator instanceof Iterator]`,
      ),
    ).toEqual([
      { segment: " ", index: 3, input: "one two", isWordLike: false },
      ["two"],
      true,
      "two",
      3,
      "[object Segmenter String Iterator]",
      true,
      true,
    ]);
  });

  test("is a locale wherever a locale is taken", async () => {
    expect(
      await onBoth(
        `globalThis.locale = new Intl.Locale("de");`,
        `[(1.5).toLocaleString(locale), "z".localeCompare("ö", new Intl.Locale("sv")), new Intl.NumberFormat(locale).format(1.5),
          new Intl.NumberFormat([locale, "en"]).format(1.5), Intl.getCanonicalLocales(locale), String(new Intl.Locale(locale, { region: "CH" })),
          Intl.NumberFormat.supportedLocalesOf(locale), Object.keys(locale), "i".toLocaleUpperCase(new Intl.Locale("tr"))]`,
      ),
    ).toEqual(["1,5", -1, "1,5", "1,5", ["de"], "de-CH", ["de"], [], "İ"]);
  });

  test("is an instance of its class and of classes that extend it", async () => {
    expect(
      await onBoth(
        `class Twice extends Intl.NumberFormat { constructor() { super("de"); } twice(n) { return this.format(2 * n); } }
        function Old() { Intl.NumberFormat.call(this, "de"); }
        Old.prototype = Object.create(Intl.NumberFormat.prototype);
        globalThis.kept = { twice: new Twice(), old: new Old(), called: Intl.NumberFormat("de") };
        globalThis.Twice = Twice;`,
        `[kept.twice.twice(1.25), kept.twice instanceof Twice, kept.twice instanceof Intl.NumberFormat, kept.old.format(1.5),
          kept.called.format(1.5), kept.called.constructor === Intl.NumberFormat, kept.called.constructor("en").format(1.5),
          Object.prototype.toString.call(kept.called), Object.keys(kept.called)]`,
      ),
    ).toEqual(["2,5", true, true, "1,5", "1,5", true, "1.5", "[object Intl.NumberFormat]", []]);
  });
});

/** Expressions whose outcome, value or error, is the engine's own. */
const AS_THE_ENGINE = [
  `new Intl.NumberFormat("de", { style: "currency" })`,
  `new Intl.NumberFormat("de", { minimumFractionDigits: 200 })`,
  `new Intl.NumberFormat("no-such-tag-$$")`,
  `new Intl.NumberFormat(null)`,
  `new Intl.NumberFormat("de", null)`,
  `new Intl.NumberFormat([1])`,
  `new Intl.DateTimeFormat("de", { timeZone: "Mars/Base" })`,
  `new Intl.DisplayNames("de")`,
  `new Intl.Locale()`,
  `Intl.PluralRules("de")`,
  `Intl.Locale("de")`,
  `Intl.NumberFormat.prototype.format`,
  `Intl.NumberFormat.prototype.resolvedOptions.call(new Intl.Collator("de"))`,
  `new Intl.NumberFormat.prototype.formatToParts("de")`,
  `new Intl.DateTimeFormat("de").format(NaN)`,
  `Intl.NumberFormat.supportedLocalesOf(["de", "xx"])`,
  `new Intl.NumberFormat("de", { get style() { throw new RangeError("mine"); } })`,
  `new Intl.Segmenter("de").segment("").containing(0)`,
  `Intl.supportedValuesOf("calendar").includes("gregory")`,
  `new Intl.DateTimeFormat("de", { timeZone: "UTC" }).resolvedOptions()`,
  `Object.prototype.toString.call(Intl)`,
  `Reflect.ownKeys(Intl).map(String).filter((key) => key !== "v8BreakIterator")`,
  `["DateTimeFormat", "NumberFormat", "Collator", "PluralRules", "RelativeTimeFormat", "ListFormat", "DisplayNames", "Segmenter", "DurationFormat"]
    .map((name) => [name, Intl[name].name, Intl[name].length, ...[Intl[name], Intl[name].prototype].flatMap((target) =>
      Reflect.ownKeys(target).sort((a, b) => String(a) < String(b) ? -1 : 1).map((key) => {
        const { value, get, set, ...flags } = Object.getOwnPropertyDescriptor(target, key);
        const part = value ?? get;
        return [String(key), typeof value, typeof set, typeof part === "function" ? [part.name, part.length, "prototype" in part] : part, flags];
      }))])`,
];

test("what init sees is what the engine shows, errors included", async () => {
  const outcome = (expression: string): string =>
    `(() => { try { return JSON.stringify(${expression}) ?? "undefined"; } catch (e) { return e.name + ": " + e.message; } })()`;
  const all = `[${AS_THE_ENGINE.map(outcome).join(",\n")}]`;
  using early = await openGuest({
    from: "source",
    app: `globalThis.outcomes = ${all}; exports.default = { fetch() {} };`,
  });
  using late = await openGuest({ from: "source" });
  expect(early.evaluate("outcomes")).toEqual(late.evaluate(all));
});

test("an app that touches Intl in requests alone gets the engine's own", async () => {
  const use = `[Function.prototype.toString.call(Intl.NumberFormat).includes("[native code]"), new Intl.NumberFormat("de").format(1.5)]`;
  expect(await onBoth("", use)).toEqual([true, "1,5"]);
  expect(await onBoth("Intl;", use)).toEqual([false, "1,5"]);
});

describe("an app that breaks what it can reach at init", () => {
  test("neither sees an object of the engine nor keeps formats from working", async () => {
    expect(
      await restored(
        `const seen = [];
        globalThis.seen = seen;
        const number = new Intl.NumberFormat("de");
        const throwing = () => { throw new Error("patched"); };
        const look = (value) => {
          if (typeof value === "object" && value !== null && /Intl/.test(toString.call(value)) && value !== number) seen.push(toString.call(value));
        };
        const { toString } = Object.prototype, { defineProperty } = Object;
        const { apply } = Reflect;
        for (const [target, names] of [[Reflect, ["apply", "construct", "get"]], [Object, ["defineProperty", "create"]]]) {
          for (const name of names) {
            const original = target[name];
            target[name] = function (...args) { look(this); args.forEach(look); return apply(original, this, args); };
          }
        }
        Function.prototype.call = Function.prototype.bind = Function.prototype.apply = throwing;
        WeakRef.prototype.deref = throwing;
        Array.prototype[Symbol.iterator] = throwing;
        globalThis.WeakRef = globalThis.Proxy = globalThis.Reflect = undefined;
        defineProperty(Object.prototype, "style", { get() { return "percent"; }, configurable: true });
        globalThis.kept = { number, late: new Intl.PluralRules("en"), locale: new Intl.Locale("de").maximize() };`,
        `JSON.stringify([kept.number.format(1.5), kept.late.select(1), kept.locale.language, seen])`,
      ),
    ).toBe(JSON.stringify(["1,5", "one", "de", []]));
  });

  test("is left with what it put in Intl's place", async () => {
    expect(
      await onBoth(
        `const kept = Intl.NumberFormat;
        Intl.NumberFormat = class Mine { format() { return "mine"; } };
        Intl.ListFormat = undefined;
        globalThis.kept = new kept("de");`,
        `[new Intl.NumberFormat().format(), typeof Intl.ListFormat, kept.format(1.5)]`,
      ),
    ).toEqual(["mine", "undefined", "1,5"]);
    expect(await onBoth(`globalThis.Intl = { mine: true };`, `Object.keys(Intl)`)).toEqual(["mine"]);
  });
});

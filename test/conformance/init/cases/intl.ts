/** Objects of Intl, which V8 serialises none of: stand-ins carry them through a heap. */
import type { InitCases } from "../init-case.ts";

export const intlCases: InitCases = {
  subject: "Intl",
  cases: [
    {
      name: "a date format, used at once and later",
      top: `const format = new Intl.DateTimeFormat("de", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" }); const early = format.format(0);`,
      answer: `[early, format.format(86_400_000), format.formatToParts(0)[0].type, format.resolvedOptions().timeZone, format.formatRange(0, 86_400_000).length > 10]`,
      expected: ["1. Januar 1970 um 00:00", "2. Januar 1970 um 00:00", "day", "UTC", true],
    },
    {
      name: "number formats of each style",
      top: `const euro = new Intl.NumberFormat("de-DE", { style: "currency", currency: "EUR" }); const percent = Intl.NumberFormat("en", { style: "percent" }); const unit = new Intl.NumberFormat("en", { style: "unit", unit: "liter" }); const early = euro.format(1); const { format } = euro;`,
      answer: `[early, euro.format(1234.5), percent.format(0.5), unit.format(3), format(2n), [1, 2].map(percent.format)]`,
      expected: ["1,00\u00a0€", "1.234,50\u00a0€", "50%", "3 L", "2,00\u00a0€", ["100%", "200%"]],
    },
    {
      name: "a collator, and a list sorted by it",
      top: `const collator = new Intl.Collator("sv", { numeric: true }); const sorted = ["ö10", "ö9", "z"].sort(collator.compare);`,
      answer: `[sorted, ["b", "ä", "a"].sort(collator.compare), collator.resolvedOptions().numeric]`,
      expected: [["z", "ö9", "ö10"], ["a", "b", "ä"], true],
    },
    {
      name: "plural rules, relative times, lists and names",
      top: `const plural = new Intl.PluralRules("en", { type: "ordinal" }); const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" }); const list = new Intl.ListFormat("en", { type: "disjunction" }); const names = new Intl.DisplayNames("en", { type: "region" }); const early = [plural.select(2), relative.format(-1, "day"), list.format(["a", "b"]), names.of("DE")];`,
      answer: `[early, plural.select(3), relative.format(1, "week"), list.format(["x", "y", "z"]), names.of("FR")]`,
      expected: [["two", "yesterday", "a or b", "Germany"], "few", "next week", "x, y, or z", "France"],
    },
    {
      name: "a segmenter, and segments in the middle of a text",
      top: `const segmenter = new Intl.Segmenter("en", { granularity: "word" }); const segments = segmenter.segment("Hello, world"); const iterator = segments[Symbol.iterator](); iterator.next();`,
      answer: `[[...segments].length, segments.containing(7).segment, iterator.next().value.segment]`,
      expected: [4, "world", ","],
      expectedAgain: [4, "world", " "],
    },
    {
      name: "a locale",
      top: `const locale = new Intl.Locale("zh-Hans-CN", { calendar: "chinese" }); const minimal = locale.minimize();`,
      answer: `[locale.toString(), locale.language, locale.script, minimal.language, new Intl.NumberFormat(new Intl.Locale("de")).format(1.5)]`,
      expected: ["zh-Hans-CN-u-ca-chinese", "zh", "Hans", "zh", "1,5"],
    },
    {
      name: "a duration format",
      top: `const duration = new Intl.DurationFormat("en", { style: "long" }); const early = duration.format({ hours: 1 });`,
      answer: `[early, duration.format({ minutes: 2, seconds: 3 })]`,
      expected: ["1 hour", "2 minutes, 3 seconds"],
    },
    {
      name: "what Intl is asked without an object",
      top: `const canonical = Intl.getCanonicalLocales("EN-us"); const currencies = Intl.supportedValuesOf("currency").length > 100; const supported = Intl.NumberFormat.supportedLocalesOf(["de", "xx"]);`,
      answer: `[canonical, currencies, supported[0]]`,
      expected: [["en-US"], true, "de"],
    },
    {
      name: "methods of the language that lean on Intl",
      top: `const texts = [(1234.5).toLocaleString("de"), new Date(0).toLocaleDateString("en", { timeZone: "UTC" }), "ä".localeCompare("b", "de"), "I".toLocaleLowerCase("tr"), 10n.toLocaleString("en"), [1.5].toLocaleString("de")];`,
      answer: `[texts, (0.5).toLocaleString("de")]`,
      expected: [["1.234,5", "1/1/1970", -1, "ı", "10", "1,5"], "0,5"],
    },
    {
      name: "classes of its own over those of Intl",
      top: `class Euro extends Intl.NumberFormat { constructor() { super("de", { style: "currency", currency: "EUR" }); } short(n) { return this.format(n).replace(/\\s/, " "); } } const euro = new Euro();`,
      answer: `[euro.short(3), euro instanceof Intl.NumberFormat, Object.prototype.toString.call(euro)]`,
      expected: ["3,00 €", true, "[object Intl.NumberFormat]"],
    },
    {
      name: "options that Intl refuses",
      top: `const refused = []; for (const make of [() => new Intl.NumberFormat("en", { style: "currency" }), () => new Intl.DateTimeFormat("en", { timeZone: "Mars/Olympus" }), () => new Intl.Locale("not a tag!")]) { try { make(); } catch (error) { refused.push(error.name); } }`,
      answer: "refused",
      expected: ["TypeError", "RangeError", "RangeError"],
    },
    {
      name: "a thousand formats in a map",
      top: `const formats = new Map(); for (let i = 0; i < 1_000; i++) formats.set(i, new Intl.NumberFormat("en", { minimumFractionDigits: i % 5 }));`,
      answer: `[formats.get(0).format(1), formats.get(999).format(1)]`,
      expected: ["1", "1.0000"],
    },
    {
      name: "a format of the current time",
      top: `const format = new Intl.DateTimeFormat("en", { year: "numeric", timeZone: "UTC" }); const year = () => Number(format.format());`,
      answer: `year() >= 2026`,
      expected: true,
    },
    {
      name: "a zone that is not the builder's",
      top: `const zones = ["Asia/Tokyo", "America/New_York"].map((timeZone) => new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" }).format(0)); const here = typeof new Intl.DateTimeFormat().resolvedOptions().timeZone;`,
      answer: `[zones, here, Object.getOwnPropertyNames(Intl.DateTimeFormat.prototype).includes("format")]`,
      expected: [["09:00", "19:00"], "string", true],
    },
  ],
};

/** What the language lets a top level hold. */
import { expect } from "vitest";
import type { InitCases } from "../init-case.ts";

export const valueCases: InitCases = {
  subject: "values of the language",
  cases: [
    {
      name: "nothing",
      top: "",
    },
    {
      name: "classes with private state",
      top: `class Counter { #count = 0; static #made = 0; static label = "counter"; static { Counter.#made = 10; } constructor() { Counter.#made += 1; } #bump() { return ++this.#count; } next() { return this.#bump(); } static get made() { return Counter.#made; } static owns(value) { return #count in value; } }
        class Twice extends Counter { next() { super.next(); return super.next(); } } const counter = new Twice(); counter.next();`,
      answer: `[counter.next(), Counter.made, Counter.label, Counter.owns(counter), Counter.owns({}), counter instanceof Counter]`,
      expected: [4, 11, "counter", true, false, true],
      expectedAgain: [6, 11, "counter", true, false, true],
    },
    {
      name: "generators in flight",
      top: `function* count(from) { try { let got = yield from; for (;;) got = yield got + 1; } finally { yield "cleaned"; } } const flight = count(1); flight.next(); const first = flight.next(5).value;`,
      answer: `[first, flight.next(20).value]`,
      expected: [6, 21],
    },
    {
      name: "a generator that is closed by a request",
      top: `let cleaned = 0; const flight = (function* () { try { yield 1; } finally { cleaned += 1; } })(); flight.next();`,
      answer: `(flight.return(), cleaned)`,
      expected: 1,
    },
    {
      name: "closures over loops, and over each other",
      top: `const adders = []; for (let i = 0; i < 3; i++) adders.push((n) => n + i); const [read, write] = (() => { let state = "init"; return [() => state, (next) => { state = next; }]; })(); write("written"); const compose = (...fns) => (x) => fns.reduce((y, fn) => fn(y), x); const all = compose(...adders);`,
      answer: `[adders.map((add) => add(10)), read(), all(0)]`,
      expected: [[10, 11, 12], "written", 3],
    },
    {
      name: "module state that a request changes",
      top: "let count = 0; const seen = [];",
      answer: "(seen.push(++count), seen)",
      expected: [1],
      expectedAgain: [1, 2],
    },
    {
      name: "a table of 50,000 objects",
      top: `const table = new Map(); for (let i = 0; i < 50_000; i++) table.set("key" + i, { i, text: "value" + i });`,
      answer: `[table.size, table.get("key49999").text, table.get("key0").i]`,
      expected: [50_000, "value49999", 0],
      logs: [/A fresh context of this app costs .*isolation to "app"/],
    },
    {
      name: "big arrays, sparse, packed and of doubles",
      top: `const packed = Array.from({ length: 200_000 }, (_, i) => i); const doubles = packed.map((n) => n + 0.5); const sparse = []; sparse[1_000_000] = "far"; const holes = [1, , 3];`,
      answer: `[packed.at(-1), doubles[9], sparse.length, sparse[1_000_000], 1 in holes, Object.keys(sparse).length]`,
      expected: [199_999, 9.5, 1_000_001, "far", false, 1],
    },
    {
      name: "an object used as a dictionary of 20,000 names",
      top: `const words = Object.create(null); for (let i = 0; i < 20_000; i++) words["word" + i] = i; delete words.word5;`,
      answer: `[Object.keys(words).length, words.word19999, "word5" in words]`,
      expected: [19_999, 19_999, false],
    },
    {
      name: "typed arrays and buffers of each kind",
      top: `const buffer = new ArrayBuffer(64, { maxByteLength: 128 }); buffer.resize(128); const view = new DataView(buffer); view.setFloat64(0, Math.PI); const kinds = [Int8Array, Uint8ClampedArray, Int16Array, Uint32Array, Float32Array, Float64Array, BigInt64Array].map((Kind) => new Kind(buffer, 0, 4)); const big = new Uint8Array(1_000_000).fill(7); const detached = new ArrayBuffer(4); detached.transfer();`,
      answer: `[buffer.byteLength, view.getFloat64(0), kinds.map((kind) => kind.length), big[999_999], detached.detached, kinds[5].buffer === buffer]`,
      expected: [128, Math.PI, [4, 4, 4, 4, 4, 4, 4], 7, true, true],
    },
    {
      name: "half floats",
      top: `const halves = typeof Float16Array === "function" ? new Float16Array([1.5]) : new Float32Array([1.5]);`,
      answer: "halves[0]",
      expected: 1.5,
    },
    {
      name: "errors of each class, with causes",
      top: `class AppError extends Error { name = "AppError"; constructor(message, options) { super(message, options); this.code = 7; } }
        const errors = [new AppError("own", { cause: new TypeError("deep") }), new AggregateError([new RangeError("one")], "many"), new SyntaxError("bad"), (() => { try { null.x; } catch (error) { return error; } })()];`,
      answer: `[errors.map((error) => error.name + ": " + error.message), errors[0].cause.message, errors[0].code, errors[1].errors.length, errors.every((error) => error instanceof Error), typeof errors[0].stack]`,
      expected: [
        ["AppError: own", "AggregateError: many", "SyntaxError: bad", expect.stringMatching(/^TypeError: Cannot read/)],
        "deep",
        7,
        1,
        true,
        "string",
      ],
    },
    {
      name: "proxies, one of them revoked",
      top: `const target = { a: 1 }; const log = []; const proxy = new Proxy(target, { get(object, key, receiver) { log.push(String(key)); return Reflect.get(object, key, receiver) ?? "none"; }, has: () => true }); const { proxy: dead, revoke } = Proxy.revocable({}, {}); revoke(); const callable = new Proxy(() => 1, { apply: () => "trapped" });`,
      answer: `[proxy.a, proxy.b, "x" in proxy, log.length > 1, (() => { try { dead.x; } catch (error) { return error.name; } })(), callable()]`,
      expected: [1, "none", true, true, "TypeError", "trapped"],
    },
    {
      name: "weak maps, weak sets, weak references and a finalization registry",
      top: `const key = {}; const weak = new WeakMap([[key, "held"]]); const set = new WeakSet([key]); const reference = new WeakRef(key); const symbolKey = Symbol("weak"); weak.set(symbolKey, "symbol"); const registry = new FinalizationRegistry(() => {}); registry.register({}, 1); registry.register(key, 2);`,
      answer: `[weak.get(key), set.has(key), reference.deref() === key, weak.get(symbolKey), weak.has({})]`,
      expected: ["held", true, true, "symbol", false],
    },
    {
      name: "symbols, registered and not",
      top: `const own = Symbol("own"); const shared = Symbol.for("shared"); const object = { [own]: 1, [shared]: 2, get [Symbol.toStringTag]() { return "Tagged"; }, [Symbol.toPrimitive]: () => 5 };`,
      answer: `[object[own], object[Symbol.for("shared")], Object.prototype.toString.call(object), +object, own.description]`,
      expected: [1, 2, "[object Tagged]", 5, "own"],
    },
    {
      name: "maps and sets, and iterators of them in flight",
      top: `const map = new Map([[NaN, "nan"], [0, "zero"], ["k", new Set([1, 2])]]); const entries = map.entries(); entries.next(); const grouped = Map.groupBy([1, 2, 3], (n) => n % 2); const union = new Set([1]).union(new Set([2]));`,
      answer: `[map.get(NaN), map.get(-0), [...map.get("k")], [...map.keys()].length, grouped.get(1), [...union]]`,
      expected: ["nan", "zero", [1, 2], 3, [1, 3], [1, 2]],
    },
    {
      name: "iterator helpers in flight",
      top: `const evens = [1, 2, 3, 4, 5, 6].values().filter((n) => n % 2 === 0).map((n) => n * 10); evens.next();`,
      answer: `evens.next().value ?? null`,
      expected: 40,
      expectedAgain: 60,
    },
    {
      name: "regular expressions, compiled and in the middle of a text",
      top: String.raw`const word = /(?<first>\p{L})(?<=\p{L})\w*/gu; const text = "über alles"; word.exec(text); const sticky = /a/y; const all = [...text.matchAll(/l/g)].length; const sets = /[\p{L}--[a-z]]/v.test("Ü");`,
      answer: `[word.lastIndex, all, sticky.test("a"), sets, "2026-11".replace(/(?<y>\\d+)-(?<m>\\d+)/, "$<m>/$<y>")]`,
      expected: [4, 2, true, true, "11/2026"],
      expectedAgain: [4, 2, false, true, "11/2026"],
    },
    {
      name: "big integers and odd numbers",
      top: `const big = 2n ** 512n; const odd = [-0, NaN, Infinity, Number.MIN_VALUE, 2 ** 53]; const wide = BigInt.asUintN(64, -1n);`,
      answer: `[String(big % 1_000_000_007n), Object.is(odd[0], -0), Number.isNaN(odd[1]), odd[2] === Infinity, odd[3] > 0, String(wide)]`,
      expected: [String(2n ** 512n % 1_000_000_007n), true, true, true, true, "18446744073709551615"],
    },
    {
      name: "strings of each shape",
      top: `const parts = Array.from({ length: 1000 }, (_, i) => "part" + i); const rope = parts.reduce((text, part) => text + part, ""); const slice = rope.slice(100, 5000); const wide = "𝒳é".repeat(1000); const lone = "\\ud800x"; const tagged = ((strings, ...values) => [strings.raw[0], values])\`a\\n\${1}\`;`,
      answer: `[rope.length, slice.length, [...wide].length, lone.isWellFormed(), tagged, "ﬁ".normalize("NFKC"), "a".localeCompare("b")]`,
      expected: [6890, 4900, 2000, false, ["a\\n", [1]], "fi", -1],
    },
    {
      name: "getters, setters, frozen and sealed objects",
      top: `let stored = 1; const object = Object.freeze({ get value() { return stored; }, set value(next) { stored = next; } }); object.value = 5; const sealed = Object.seal({ a: 1 }); sealed.a = 2; const deep = Object.freeze([Object.freeze({ a: 1 })]);`,
      answer: `[object.value, sealed.a, Object.isFrozen(deep[0]), (() => { try { deep.push(1); } catch (error) { return error.name; } })()]`,
      expected: [5, 2, true, "TypeError"],
    },
    {
      name: "bound functions, symbols of them and arguments",
      top: `function all() { return [this.base, ...arguments]; } const bound = all.bind({ base: 1 }, 2); const twice = bound.bind(null, 3); const held = (function () { return arguments; })(7, 8);`,
      answer: `[twice(4), bound.name, held.length, [...held]]`,
      expected: [[1, 2, 3, 4], "bound all", 2, [7, 8]],
    },
    {
      name: "a linked list of 30,000 nodes, and a deep tree",
      top: `let list = null; for (let i = 0; i < 30_000; i++) list = { i, next: list }; let tree = {}; const root = tree; for (let i = 0; i < 3_000; i++) tree = tree.child = { i };`,
      answer: `[(() => { let n = 0; for (let at = list; at; at = at.next) n++; return n; })(), tree.i, root.child.i]`,
      expected: [30_000, 2_999, 0],
    },
    {
      name: "dispose stacks",
      top: `const stack = new DisposableStack(); let closed = 0; stack.defer(() => { closed += 1; }); const moved = stack.move(); const later = new AsyncDisposableStack();`,
      answer: `(moved.dispose(), [stack.disposed, moved.disposed, closed, later.disposed])`,
      expected: [true, true, 1, false],
      // The second request of one context finds them closed; the engine lacks the class while a heap is made.
      reaches: "bytecode",
      reason: /heap: its second run did not get to its end: DisposableStack is not defined/,
    },
  ],
};

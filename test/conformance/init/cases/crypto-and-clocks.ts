/** Chance, time and environment at the top level: every restore of a heap shares what they gave. */
import { expect } from "vitest";
import type { InitCases } from "../init-case.ts";

export const cryptoAndClockCases: InitCases = {
  subject: "chance, time and environment",
  cases: [
    {
      name: "random values of each kind",
      top: `const id = crypto.randomUUID();\nconst bytes = crypto.getRandomValues(new Uint8Array(8));\nconst random = Math.random();`,
      answer: `[id.length, bytes.length, typeof random, id !== crypto.randomUUID(), random !== Math.random()]`,
      expected: [36, 8, "number", true, true],
      logs: [
        /main\.js:1:\d+: crypto\.randomUUID\(\) at the top level: .*same value/,
        /main\.js:2:\d+: crypto\.getRandomValues\(\) at the top level/,
        /main\.js:3:\d+: Math\.random\(\) at the top level/,
      ],
    },
    {
      name: "the clock, read in each way",
      top: `const a = Date.now();\nconst b = new Date();\nconst c = Date();\nconst fixed = new Date(5);`,
      answer: `[Date.now() >= a, b instanceof Date, b.constructor === Date, typeof c, fixed.getTime(), new Date() >= b]`,
      expected: [true, true, true, "string", 5, true],
      logs: [
        /main\.js:1:\d+: Date\.now\(\) at the top level: .*time of its build/,
        /main\.js:2:\d+: new Date\(\) at the top level/,
        /main\.js:3:\d+: Date\(\) at the top level/,
      ],
    },
    {
      name: "a call that depends on chance",
      top: `const url = new URL("http://a.test/" + Math.random());`,
      answer: `url.host`,
      expected: "a.test",
      reaches: "bytecode",
      reason: /heap: its second run asked for something else than its first, so it depends on chance or time/,
    },
    {
      name: "a call that is not made again",
      top: `if (typeof DisposableStack === "function") new URL("http://a.test/");`,
      reaches: "bytecode",
      reason: /heap: its second run asked for less/,
    },
    {
      name: "what depends on the time, which the second run is told",
      top: `const url = new URL("http://a.test/" + Date.now()); const early = await new Promise((r) => setTimeout(() => r(new URL("http://b.test/" + +new Date())), 5));`,
      answer: `[url.pathname.slice(1) <= Date.now(), early.pathname.slice(1) >= url.pathname.slice(1)]`,
      expected: [true, true],
    },
    {
      name: "the clock by way of performance and Intl",
      top: `const at = performance.now();\nconst text = new Intl.DateTimeFormat("en", { year: "numeric" }).format();\nconst parts = new Intl.DateTimeFormat("en").formatToParts();`,
      answer: `[typeof at, text > "2000", parts.length > 3]`,
      expected: ["number", true, true],
      logs: [
        /main\.js:1:\d+: performance\.now\(\) at the top level/,
        /main\.js:2:\d+: Intl\.DateTimeFormat#format\(\) at the top level/,
        /main\.js:3:\d+: Intl\.DateTimeFormat#formatToParts\(\) at the top level/,
      ],
    },
    {
      name: "a Date whose members the app changed",
      top: `const { now } = Date; Date.now = () => now() + 86_400_000; Date.prototype.day = function () { return this.getUTCDate(); }; delete Date.UTC;`,
      answer: `[Date.now() - new Date() > 80_000_000, new Date(0).day(), "UTC" in Date, new Date(0).constructor === Date]`,
      expected: [true, 1, false, true],
    },
    {
      name: "a class of its own over Date",
      top: `class Day extends Date { get day() { return this.toISOString().slice(0, 10); } } const day = new Day(0);`,
      answer: `[day.day, day instanceof Date, new Day(86_400_000).day]`,
      expected: ["1970-01-01", true, "1970-01-02"],
    },
    {
      name: "a Date that stands still",
      top: `const RealDate = Date; globalThis.Date = class extends RealDate { constructor(...given) { if (given.length === 0) super(0); else super(...given); } static now() { return 0; } };`,
      answer: `[Date.now(), new Date().getTime(), new Date(5).getTime(), Temporal.Now.instant().epochMilliseconds > 0, typeof performance.now()]`,
      expected: [0, 0, 5, true, "number"],
    },
    {
      name: "plain variables, absent ones, and secrets",
      top: `const { PLAIN } = process.env;\nconst early = process.env.SECRET;\nimport { env as imported } from "cloudflare:workers";`,
      answer: `[PLAIN, early ?? null, process.env.SECRET, env.SECRET, imported.SECRET, Object.keys(process.env).sort()]`,
      expected: ["variable", null, "of the request", "of the request", "of the request", ["PLAIN", "SECRET"]],
      logs: [/main\.js:2:\d+: process\.env\.SECRET is absent at the top level/],
    },
    {
      name: "a frozen environment",
      top: `Object.freeze(process.env);`,
      answer: `[process.env.PLAIN, env.SECRET]`,
      expected: ["variable", "of the request"],
    },
    {
      name: "digests, awaited or not",
      top: `const { subtle } = crypto; const kinds = [crypto instanceof Crypto, subtle instanceof SubtleCrypto]; let late; subtle.digest("SHA-512", new Uint8Array(1)).then((digest) => { late = digest.byteLength; });
        const digest = new Uint8Array(await subtle.digest("SHA-256", new TextEncoder().encode("abc"))); const big = (await subtle.digest({ name: "sha-1" }, new Uint8Array(300_000))).byteLength;`,
      answer: `[digest[0], late, big, (await subtle.digest("SHA-384", digest)).byteLength, kinds]`,
      expected: [0xba, 64, 20, 48, [true, true]],
    },
    {
      name: "a digest that is refused",
      top: `let refused; try { await crypto.subtle.digest("MD5", new Uint8Array(1)); } catch (error) { refused = error.name; }`,
      answer: "refused",
      expected: "NotSupportedError",
    },
    {
      name: "keys that are imported, derived and cloned",
      top: `const { subtle } = crypto; const bytes = new TextEncoder().encode("key");
        const mac = await subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]); const copy = structuredClone(mac), isKey = mac instanceof CryptoKey;
        const jwk = { kty: "OKP", crv: "Ed25519", d: "TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs", x: "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw" };
        const pending = subtle.importKey("jwk", jwk, "Ed25519", false, ["sign"]);
        const password = await subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveKey"]);
        const aes = await subtle.deriveKey({ name: "PBKDF2", hash: "SHA-1", salt: bytes, iterations: 10 }, password, { name: "AES-GCM", length: 128 }, true, ["encrypt"]);`,
      answer: `[isKey, new Uint8Array(await subtle.sign("HMAC", copy, bytes))[0], new Uint8Array(await subtle.sign("Ed25519", await pending, Uint8Array.of(0x72)))[0],
        new Uint8Array(await subtle.exportKey("raw", aes)).length, await subtle.exportKey("raw", mac).catch((error) => error.name)]`,
      expected: [true, 0xb5, 0x92, 16, "InvalidAccessError"],
    },
    {
      name: "a key that is generated",
      top: `let refused; try { await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt"]); } catch (error) { refused = error.message; }`,
      answer: "refused",
      expected: "crypto.subtle.generateKey is not available while the app initialises: call it in a request handler",
    },
    {
      name: "what cannot be had before requests, and is not needed",
      top: `const answer = await fetch("http://a.test/").then((r) => r.text(), (error) => error.constructor.name);`,
      answer: `[answer, await (await fetch("http://a.test/")).text()]`,
      expected: ["TypeError", "fetched"],
    },
    {
      name: "a WebSocket to another server, which is not needed",
      top: `const told = []; const socket = new WebSocket("wss://a.test/"); socket.onerror = (event) => told.push(event.message); socket.onclose = (event) => told.push(event.code);`,
      answer: `[told.length, told[1], socket.readyState]`,
      expected: [2, 1006, 3],
    },
    {
      name: "a URL of a blob, and one of data",
      top: `const url = URL.createObjectURL(new Blob(["kept"])); const text = await (await fetch("data:,at%20init")).text();`,
      answer: `[text, await (await fetch(url)).text()]`,
      expected: ["at init", "kept"],
    },
    {
      name: "a cache that it asks, and that a request asks for a name alone",
      top: `const kinds = [caches instanceof CacheStorage, caches.default instanceof Cache]; const said = await caches.open("early").catch(({ name, message }) => name + ": " + message.slice(0, 49));`,
      answer: `[kinds, said, caches.default instanceof Cache]`,
      expected: [[true, true], "TypeError: caches is not available while the app initialises", true],
    },
    {
      name: "a fetch that it needs",
      top: `const answer = await fetch("http://a.test/data.json");`,
      reaches: "BUILD_INIT_FETCHED",
      reason: /Top level of the app fetches http:\/\/a\.test\/data\.json: .*fetch in the handler/,
    },
    {
      name: "a fetch that a later request waits for",
      top: `const answer = fetch("http://a.test/data.json").catch((error) => error.message);`,
      answer: "answer",
      expected: expect.stringMatching(/not available while the app initialises/),
    },
  ],
};

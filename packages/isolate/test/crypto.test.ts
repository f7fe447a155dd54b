/** What a guest asks of its keys, and what it cannot have of them: bounds, other isolates' keys, what nobody waits for. */
import { HostOp } from "@nano/web-api/boundary";
import { describe, expect, test } from "vitest";
import { MAX_CRYPTO_INPUT_BYTES } from "../src/crypto-job.ts";
import { MAX_OPEN_KEYS } from "../src/crypto-keys.ts";
import { CryptoPool, MAX_CRYPTO_PER_APP } from "../src/crypto-pool.ts";
import { openHostileGuest } from "./hostile-guest.ts";
import { appScript, type OpenIsolateOptions, openIsolate } from "./isolate-harness.ts";

/** What the handler answers, as JSON. */
async function ask(body: string, options: OpenIsolateOptions = {}): Promise<unknown> {
  const { ask: askOnce } = openIsolate(appScript(`const { subtle } = crypto; ${body}`), options);
  const { text, error } = await askOnce();
  return error === null ? JSON.parse(text) : error.reason;
}

const HMAC = `{ name: "HMAC", hash: "SHA-256" }`;
const IMPORT = `"secret raw 0 any:0"`;

describe("an app that poisons what all code stands on", () => {
  test.each([
    ["then of promises", `Promise.prototype.then = function () { seen.push("then"); throw 1; };`],
    [
      "the iterator of arrays",
      `const iterate = Array.prototype[Symbol.iterator]; Array.prototype[Symbol.iterator] = function () { for (let i = 0; i < this.length; i++) seen.push(this[i]); return iterate.call(this); };`,
    ],
    ["JSON", `JSON.parse = (text) => { seen.push(text); }; JSON.stringify = (value) => { seen.push(value); };`],
    [
      "the prototype of objects",
      `for (const name of ["handle", "type", "name", "length", "hash", "toJSON", "get", "set"]) {
         Object.defineProperty(Object.prototype, name, { configurable: true, get() { seen.push(name); }, set(value) { seen.push(value); } }); }`,
    ],
    [
      "Map and its methods",
      `for (const name of ["get", "set", "delete"]) Map.prototype[name] = (value) => { seen.push(value); };`,
    ],
    [
      "strings",
      `for (const name of ["slice", "indexOf", "toUpperCase", "charCodeAt"]) String.prototype[name] = function () { seen.push(String(this)); };`,
    ],
  ])("%s sees nothing of a key, and its keys work", async (_, poison) => {
    const { ask: askOnce } = openIsolate(
      appScript(
        `const seen = []; const { subtle } = crypto; const { resolve } = Promise; const push = seen.push; const { stringify } = JSON; const NativeResponse = Response; const text = String;
         const key = new Uint8Array([107, 101, 121]);
         ${poison}
         const imported = await subtle.importKey("raw", key, ${HMAC}, false, ["sign"]);
         const signature = new Uint8Array(await subtle.sign("HMAC", imported, new Uint8Array(0)));
         for (const name of ["handle", "type", "name", "length", "hash", "toJSON", "get", "set"]) delete Object.prototype[name];
         return new NativeResponse(stringify([signature[0], signature.length, seen.filter((value) => typeof value === "string" && /^[01][A-Za-z0-9+/=]{8}/.test(value))]));`,
      ),
    );
    const { text, error } = await askOnce();
    expect(error).toBeNull();
    expect(JSON.parse(text)).toEqual([0x5d, 32, []]);
  });
});

describe("a guest that was taken over", () => {
  test("gets no key that is not extractable, and none of another isolate", () => {
    const { run } = openHostileGuest();
    const [told = ""] = run(`say(op(${HostOp.CRYPTO_IMPORT}, 1, ${IMPORT}, new ArrayBuffer(16)));`).said;
    const [[type, bits, , handle]] = JSON.parse(told);
    expect([type, bits]).toEqual(["secret", 128]);
    const use = `say(op(${HostOp.CRYPTO_EXPORT}, 2, "raw", "${handle}")); say(op(${HostOp.CRYPTO_SIGN}, 3, "HMAC SHA-256 0", "${handle}", new ArrayBuffer(1)));`;
    expect(run(use).said).toEqual(["!InvalidAccessError The key is not extractable", "bytes 32"]);
    const denied = "!InvalidAccessError The key is not one of this context";
    expect(openHostileGuest().run(use).said).toEqual([denied, denied]);
  });

  test("gets a refusal for a key of the wrong kind, whatever it asks of it", () => {
    const { run } = openHostileGuest();
    const keys = [
      ["CRYPTO_IMPORT", `${IMPORT}, new ArrayBuffer(5)`],
      ["CRYPTO_GENERATE", `"EC 1 P-256"`],
      ["CRYPTO_GENERATE", `"OKP 1 X25519"`],
      ["CRYPTO_GENERATE", `"OKP 1 Ed25519"`],
    ] as const;
    const handles = keys.flatMap(([op, args]) => {
      const [told = "[]"] = run(`say(op(${HostOp[op]}, 1, ${args}));`).said;
      return JSON.parse(told).map((key: readonly string[]) => key[3]);
    });
    const COMMANDS: readonly (readonly [number, readonly string[]])[] = [
      [
        HostOp.CRYPTO_SIGN,
        ["HMAC SHA-256 0", "RSA-PSS SHA-256 99999", "ECDSA SHA-256 0", "Ed25519 - 0", "Ed25519", "x y z"],
      ],
      [HostOp.CRYPTO_VERIFY, ["HMAC SHA-256 0", "RSASSA-PKCS1-v1_5 SHA-1 0", "ECDSA SHA-1 0", "Ed25519 - 0"]],
      [
        HostOp.CRYPTO_CIPHER,
        [
          "encrypt AES-GCM 128 12",
          "decrypt AES-CTR 64 16",
          "encrypt AES-CBC 0 1e9",
          "decrypt AES-KW",
          "encrypt RSA-OAEP SHA-1 0",
          "destroy AES-KW",
        ],
      ],
      [
        HostOp.CRYPTO_DERIVE,
        [
          "bits ECDH 64",
          "key1 X25519 - - 0 0",
          "bits HKDF 1e99 SHA-1 5",
          "bits PBKDF2 64 SHA-1 5 NaN",
          "bits PBKDF2 64 SHA-1 5 1e9",
          "x y",
        ],
      ],
      [HostOp.CRYPTO_UNWRAP, ["decrypt AES-KW|secret raw 1 any:0", "|", "encrypt AES-CTR 1 16|RSA jwk 1 -"]],
      [HostOp.CRYPTO_EXPORT, ["raw", "jwk", "spki", "pkcs8", "der"]],
    ];
    for (const [code, commands] of COMMANDS) {
      for (const command of commands) {
        for (const handle of handles) {
          const call = `op(${code}, 1, ${JSON.stringify(command)}, "${handle}", new ArrayBuffer(32), new ArrayBuffer(32))`;
          const { said } = run(`try { say(${call}); } catch (error) { say("threw " + error); }`);
          expect(said[0], `${command} ${handle}`).toMatch(/^(!\w+ |bytes \d+$|true$|false$|\{|\[|undefined$)/);
        }
      }
    }
  });

  test("gets no key of a size that would hold a thread", () => {
    const { run } = openHostileGuest();
    const ask = (command: string, data: string): string | undefined =>
      run(`say(op(${HostOp.CRYPTO_IMPORT}, 1, ${JSON.stringify(command)}, ${data}));`).said[0];
    const modulus = `JSON.stringify({ n: "_".repeat(${Math.ceil(9000 / 6)}), e: "AQAB" })`;
    expect(ask("RSA jwk 1 -", modulus)).toMatch(/^!NotSupportedError RSA keys have at most 8192 bits/);
    expect(ask("secret raw 1 any:0", "new ArrayBuffer(1e6)")).toMatch(/^!DataError/);
    expect(ask("secret jwk 1 any:0", `'{"k":"' + "A".repeat(1e6) + '"}'`)).toMatch(/^!DataError/);
    expect(ask("secret jwk 1 any:0", `"[".repeat(24000)`)).toMatch(/^!DataError/);
  });
});

describe("work off the thread", () => {
  test("settles the promise of whoever asked, each its own", async () => {
    const answer = await ask(`
      const key = await subtle.importKey("raw", new Uint8Array(16), "AES-CTR", false, ["encrypt"]);
      const sizes = [100_000, 5, 200_000, 70_000];
      const sealed = await Promise.all(sizes.map((size) => subtle.encrypt({ name: "AES-CTR", counter: new Uint8Array(16), length: 64 }, key, new Uint8Array(size))));
      return Response.json(sealed.map(({ byteLength }) => byteLength));`);
    expect(answer).toEqual([100_000, 5, 200_000, 70_000]);
  });

  test("that is long is refused where too much of the app's waits", async () => {
    const asked = MAX_CRYPTO_PER_APP + 5;
    const answer = await ask(`
      const key = await subtle.importKey("raw", new Uint8Array(16), "PBKDF2", false, ["deriveBits"]);
      const salt = new Uint8Array(1);
      const names = await Promise.all(Array.from({ length: ${asked} }, () =>
        subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt, iterations: 1_000 }, key, 160).then(() => "derived", (error) => error.name)));
      return Response.json([names.filter((name) => name === "derived").length, names.at(-1)]);`);
    expect(answer).toEqual([MAX_CRYPTO_PER_APP, "QuotaExceededError"]);
  });

  test("is not begun for a request that is over", async () => {
    const { start, host } = openIsolate(
      appScript(`const { subtle } = crypto;
        const key = await subtle.importKey("raw", new Uint8Array(16), "PBKDF2", false, ["deriveBits"]);
        for (let i = 0; i < 40; i++) subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: new Uint8Array(1), iterations: 1_000 }, key, 160);
        return new Response("over");`),
    );
    const { sink } = start();
    await sink.settled;
    expect(sink.text).toBe("over");
    expect(host.openEntryCount).toBe(0);
  });

  test("is shared by the isolates of a worker", async () => {
    const pool = new CryptoPool();
    const script = appScript(
      `await crypto.subtle.digest("SHA-256", new Uint8Array(100_000)); return new Response("digested");`,
    );
    const opened = [1, 2].map(() => openIsolate(script, { cryptoPool: pool }));
    const sinks = await Promise.all(opened.map((each) => each.ask()));
    expect(sinks.map(({ text }) => text)).toEqual(["digested", "digested"]);
    expect(pool.startedCount).toBe(2);
  });
});

test("what is done on the thread counts as the entry's CPU", async () => {
  const reason = await ask(
    `const key = await subtle.importKey("raw", new Uint8Array(16), ${HMAC}, false, ["sign"]);
     const data = new Uint8Array(65_536);
     for (;;) await subtle.sign("HMAC", key, data);`,
    { limits: { cpuTimeMs: 30 } },
  );
  expect(reason).toBe("cpu_limit");
});

test("an input that is too long is refused by the name of the limit", async () => {
  expect(
    await ask(
      `return Response.json(await subtle.digest("SHA-1", new Uint8Array(${MAX_CRYPTO_INPUT_BYTES} + 1)).catch(({ name, message }) => [name, message]));`,
      { limits: { memoryBytes: 256 * 1024 * 1024 } },
    ),
  ).toEqual([
    "QuotaExceededError",
    `The data has ${MAX_CRYPTO_INPUT_BYTES + 1} bytes, at most ${MAX_CRYPTO_INPUT_BYTES} are taken`,
  ]);
});

test("more keys than are kept open all work, in an app whose context lives on", async () => {
  const { ask: askOnce } = openIsolate(
    appScript(
      `const { subtle } = crypto;
       globalThis.keys ??= await Promise.all(Array.from({ length: ${3 * MAX_OPEN_KEYS} }, (_, i) => subtle.importKey("raw", Uint8Array.of(i + 1), ${HMAC}, true, ["sign"])));
       const firsts = await Promise.all(keys.map(async (key, i) => new Uint8Array(await subtle.exportKey("raw", key))[0] === i + 1));
       return Response.json(firsts.every(Boolean));`,
    ),
    { isolation: "app" },
  );
  expect((await askOnce()).text).toBe("true");
  expect((await askOnce()).text).toBe("true");
});

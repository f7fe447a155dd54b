/** Modules of Node that a bundle brings along, used at the top level. */
import type { InitCases } from "../init-case.ts";

const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

export const nodeModuleCases: InitCases = {
  subject: "modules of Node",
  cases: [
    {
      name: "a hash and an HMAC",
      top: `import { createHash, createHmac } from "node:crypto";
        const hash = () => createHash("sha256").update("abc").digest("hex");
        const made = [hash(), createHmac("md5", "Jefe").update("what do ya want for nothing?").digest("hex")];`,
      answer: `[...made, hash()]`,
      expected: [ABC, "750c783e6ab0b503eaa86e310a5db738", ABC],
    },
    {
      name: "a hash of much data",
      top: `import { createHash } from "crypto"; const hash = createHash("sha1");
        for (let i = 0; i < 30; i++) hash.update("x".repeat(10_000)); const digest = hash.digest("hex");`,
      answer: `digest === createHash("sha1").update("x".repeat(300_000)).digest("hex")`,
      expected: true,
    },
    {
      name: "a hash that requests go on with",
      top: `import { createHash } from "crypto"; const begun = createHash("sha256").update("a");`,
      answer: `begun.copy().update("bc").digest("hex")`,
      expected: ABC,
    },
    {
      name: "timingSafeEqual",
      top: `import { timingSafeEqual } from "crypto"; const same = timingSafeEqual(Buffer.from("a"), Buffer.from("a"));`,
      answer: "same",
      expected: true,
    },
    {
      name: "random bytes of node:crypto",
      top: `import { randomBytes, randomUUID } from "node:crypto"; const drawn = randomBytes(8), id = randomUUID();`,
      answer: "[drawn.length, id.length]",
      expected: [8, 36],
      logs: [/getRandomValues/, /randomUUID/],
    },
    {
      name: "Buffer and process, free",
      top: `const made = Buffer.from("größer").toString("base64url"); const { env, platform } = process; const plain = env.PLAIN;`,
      answer: "[made, platform, plain, process.env.SECRET, Buffer.from(made, 'base64url').toString()]",
      expected: ["Z3LDtsOfZXI", "linux", "variable", "of the request", "größer"],
    },
    {
      name: "an EventEmitter with listeners",
      top: `import { EventEmitter, once } from "events"; const emitter = new EventEmitter(); emitter.on("e", (add) => add(1));
        emitter.once("e", (add) => add(2));`,
      answer: `(() => { const seen = []; emitter.emit("e", (n) => seen.push(n)); return seen; })()`,
      expected: [1, 2],
      expectedAgain: [1],
    },
    {
      name: "streams of node:stream that were read",
      top: `import { PassThrough, Readable } from "node:stream"; import { text } from "node:stream/consumers";
        const read = await text(Readable.from(["a", "b"]).pipe(new PassThrough()));`,
      answer: `Promise.all([read, text(Readable.fromWeb(new Response("c").body)), new Response(Readable.toWeb(Readable.from([Buffer.from("d")]))).text()])`,
      expected: ["ab", "c", "d"],
    },
    {
      name: "a Transform that requests write to",
      top: `import { Transform } from "node:stream";
        const upper = new Transform({ transform: (chunk, _encoding, callback) => callback(null, chunk.toString().toUpperCase()) });`,
      answer: `new Promise((resolve) => { upper.once("data", (chunk) => resolve(chunk.toString())); upper.write("a"); })`,
      expected: "A",
    },
    {
      name: "promisify, inherits, inspect and format",
      top: `import util from "util"; function Child() {} util.inherits(Child, Map); const later = util.promisify((value, done) => done(null, value));
        const shown = util.inspect({ a: 1 }) + util.format(" %s", "b");`,
      answer: "later([shown, Child.super_ === Map])",
      expected: ["{ a: 1 } b", true],
    },
    {
      name: "the small modules of Node",
      top: `import url from "url"; import path from "path"; import qs from "querystring"; import assert from "assert";
        import { StringDecoder } from "string_decoder"; import { setTimeout } from "timers/promises"; import { channel } from "diagnostics_channel";
        const seen = []; channel("c").subscribe((message) => seen.push(message));
        const made = [url.parse("http://a.test/b?c").pathname, path.join("a", "..", "b"), qs.parse("a=1").a, new StringDecoder().write(Buffer.from("x"))];
        assert.deepStrictEqual(made.length, 4); made.push(await setTimeout(5, "waited"));`,
      answer: "(channel('c').publish(await setTimeout(1, 2)), [...made, seen[0]])",
      expected: ["/b", "b", "1", "x", "waited", 2],
    },
  ],
};

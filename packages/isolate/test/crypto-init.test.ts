/** Keys of a top level: imported there, and of use after each restore. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { InitHost } from "../src/init-host.ts";
import { InitRecorder } from "../src/init-record.ts";
import type { IsolateSource } from "../src/isolate.ts";
import { makeBareSnapshot, makeBytecode, makeSnapshot } from "../src/make-snapshot.ts";
import { runInit } from "../src/run-init.ts";
import { SnapshotBlob } from "../src/snapshot-blob.ts";
import { openIsolate } from "./isolate-harness.ts";

const RUNGS = ["heap", "bytecode", "source"] as const;
const MODES = ["request", "app"] as const;

function firstRun(script: string) {
  const lines: string[] = [];
  const options = { script, envJson: "{}", initTimeMs: 5_000, memoryBytes: 64 * 1024 * 1024 };
  const run = runInit({ ...options, onLine: (_, text) => lines.push(text), onOutcome: () => undefined });
  return { ...run, lines };
}

function sourceOf(rung: IsolateSource["rung"], script: string): IsolateSource {
  const attachSecret = randomBytes(32).toString("hex");
  const blobOf = (bytes: Uint8Array) => new SnapshotBlob(Uint8Array.from(bytes).buffer);
  if (rung === "source") return { rung, script };
  if (rung === "bytecode") {
    const bare = makeBareSnapshot(attachSecret);
    const bytecode = Uint8Array.from(makeBytecode(script, bare)).buffer;
    return { rung, script, bytecode, blob: blobOf(bare), attachSecret };
  }
  const { record, warmUp, outcome } = firstRun(script);
  expect(outcome.type).toBe("done");
  return {
    rung,
    blob: blobOf(makeSnapshot({ script, attachSecret, init: record, envJson: "{}", warmUp })),
    attachSecret,
  };
}

function app(init: string, answer: string): string {
  return `__nano_app__(async function () { "use strict"; const { subtle } = crypto; ${init}
return { default: { async fetch(request) { return Response.json(await (${answer})); } } }; });`;
}

const HEX = `const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const text = (value) => new TextEncoder().encode(value);`;

test.each([
  [
    "an imported secret",
    `const key = await subtle.importKey("raw", text("key"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);`,
    `hex(await subtle.sign("HMAC", key, text("The quick brown fox jumps over the lazy dog")))`,
    "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
  ],
  [
    "an import that nobody awaited",
    `const key = subtle.importKey("raw", text("key"), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);`,
    `hex(await subtle.sign("HMAC", await key, text("")))`,
    "f42bb0eeb018ebbd4597ae7213711ec60760843f",
  ],
  [
    "a private key of a JSON Web Key",
    `const key = await subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", d: "TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs", x: "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw" }, "Ed25519", false, ["sign"]);`,
    `[key.extractable, hex(await subtle.sign("Ed25519", key, Uint8Array.of(0x72))).slice(0, 32), await subtle.exportKey("jwk", key).catch((e) => e.name)]`,
    [false, "92a009a9f0d4cab8720e820b5f642540", "InvalidAccessError"],
  ],
  [
    "a key derived of a password",
    `const base = await subtle.importKey("raw", text("password"), "PBKDF2", false, ["deriveKey"]);
     const key = await subtle.deriveKey({ name: "PBKDF2", hash: "SHA-1", salt: text("salt"), iterations: 4096 }, base, { name: "AES-GCM", length: 128 }, true, ["encrypt"]);`,
    `hex(await subtle.exportKey("raw", key))`,
    "4b007901b765489abead49d926f721d0",
  ],
  [
    "a clone of an imported key",
    `const key = structuredClone(await subtle.importKey("raw", new Uint8Array(16), "AES-CBC", true, ["encrypt"]));`,
    `[hex(await subtle.exportKey("raw", key)), key.usages, (await subtle.encrypt({ name: "AES-CBC", iv: new Uint8Array(16) }, key, new Uint8Array(5))).byteLength]`,
    ["00".repeat(16), ["encrypt"], 16],
  ],
  [
    "an unwrapped key",
    `const wrapping = await subtle.importKey("raw", Uint8Array.from({ length: 16 }, (_, i) => i), "AES-KW", false, ["unwrapKey"]);
     const bytes = "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5".match(/../g).map((byte) => Number.parseInt(byte, 16));
     const key = await subtle.unwrapKey("raw", Uint8Array.from(bytes), wrapping, "AES-KW", "AES-GCM", true, ["encrypt"]);`,
    `hex(await subtle.exportKey("raw", key))`,
    "00112233445566778899aabbccddeeff",
  ],
] as const)("%s is the same on each rung and in each mode", async (_, init, answer, expected) => {
  const script = app(HEX + init, answer);
  for (const rung of RUNGS) {
    for (const isolation of MODES) {
      const { ask, isolate } = openIsolate("", { source: sourceOf(rung, script), isolation });
      for (let i = 0; i < 2; i++) {
        const { text, error } = await ask();
        expect({ rung, isolation, answer: error ?? JSON.parse(text) }).toEqual({ rung, isolation, answer: expected });
      }
      isolate.dispose();
    }
  }
});

test("a key is not generated at the top level, and the error names what was called", async () => {
  const script = app(
    `const answer = await subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt"]).catch((error) => error.message);`,
    `[answer, (await subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt"])).type]`,
  );
  for (const rung of RUNGS) {
    const { ask } = openIsolate("", { source: sourceOf(rung, script) });
    expect(JSON.parse((await ask()).text)).toEqual([
      "crypto.subtle.generateKey is not available while the app initialises: call it in a request handler",
      "secret",
    ]);
  }
});

test("what tells of a second run that differs shows nothing of a key", () => {
  const host = new InitHost({ onLine: () => undefined });
  const recorder = new InitRecorder();
  for (const args of [
    [40, 1, "secret jwk 1 any:0", '{"kty":"oct","k":"c2VjcmV0LWtleQ"}'],
    [43, 2, "HMAC SHA-256 0", "0c2VjcmV0LWtleQ", new ArrayBuffer(3)],
  ] as const) {
    const [code, id, a, b, c] = args;
    recorder.record([code, id, a, b, c], host.answer(code, id, a, b, c, undefined));
  }
  const { calls } = recorder.end({ timerCount: 0, usesWasm: false });
  expect(calls).toHaveLength(2);
  expect(calls.map(({ call }) => call).join()).not.toContain("c2VjcmV0LWtleQ");
});

/** A secret set on an app reaches its requests, and is in no byte of anything else: slivers, caches, store, logs, metrics, processes. */
import { createHash, randomBytes } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadTrustedKeys } from "@nano/sliver/signing-key";
import { eventually } from "@nano/test-kit/eventually";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lookAtProcess, lookBelow, lookInto, type Needle, needlesOf, type Place } from "../support/find-bytes.ts";
import { Fixture, type FixtureApp } from "../support/fixtures.ts";
import { NanoProcess } from "../support/nano-process.ts";

const PLAIN = `plain-${randomBytes(12).toString("hex")}`;
const HEAP_MARK = `made-at-init-${randomBytes(8).toString("hex")}`;
const createSecret = (): string => `hush-${randomBytes(24).toString("base64url")}`;
const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Answers a digest of its secret, what its top level saw, and lets its output and an error pass through the logs. */
const SOURCE = `
const atInit = JSON.stringify(process.env);
const kept = ["${HEAP_MARK}"].map((text) => text + atInit.length);
console.log("top level", atInit);
async function digest(text) {
  if (text === undefined) return "none";
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
export default { async fetch(request, env) {
  const { pathname } = new URL(request.url);
  if (pathname === "/init") return new Response(atInit);
  if (pathname === "/names") return Response.json([Object.keys(env).sort(), Object.keys(process.env).sort(), kept.length]);
  if (pathname === "/throw") throw new Error("on purpose");
  if (pathname === "/slow") await new Promise((resolve) => setTimeout(resolve, 200));
  console.log("asked for", pathname);
  return new Response(await digest(env.API_KEY));
} }`;

const HOST = "secret.localhost";
const APP_MODE = "kept.localhost";
const OTHER = "other.localhost";
const HOSTS = [HOST, APP_MODE];

let fixture: Fixture;
let nano: NanoProcess;
const secrets = [createSecret()];

function appsWith(secretFiles: Readonly<Record<string, string>>): FixtureApp[] {
  const settings = { env_vars: { PLAIN }, secret_files: secretFiles, limits: { cpu_time_ms: 2000 } };
  return [
    { hostname: HOST, source: SOURCE, settings },
    { hostname: APP_MODE, source: SOURCE, settings: { ...settings, isolation: "app" } },
    { hostname: OTHER, source: SOURCE, settings: { env_vars: { PLAIN } } },
  ];
}

/** As editors and mounts do: another file takes its place. */
function writeSecret(value: string): void {
  const path = join(fixture.directory, "api-key");
  writeFileSync(`${path}.new`, `${value}\n`);
  renameSync(`${path}.new`, path);
}

beforeAll(async () => {
  fixture = new Fixture([]);
  writeSecret(secrets[0] ?? "");
  fixture.write(appsWith({ API_KEY: "api-key" }));
  nano = await NanoProcess.start([...fixture.args, "--verbose"]);
});
afterAll(async () => {
  await nano?.close();
  fixture?.remove();
});

async function lookEverywhere(needles: readonly Needle[]): Promise<Place[]> {
  const data = join(nano.directory, "data");
  const [, adminPort] = await nano.waitForOutput(/127\.0\.0\.1:(\d+)\/metrics/);
  const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  return [
    ...lookBelow(data, needles, await loadTrustedKeys(join(data, "keys/trusted"))),
    ...[nano.pid, ...nano.processes].flatMap((pid) => lookAtProcess(pid, needles)),
    lookInto("metrics", metrics, needles),
    lookInto("output", nano.output, needles),
  ];
}

const findsOf = (places: readonly Place[]): Place[] => places.filter(({ found }) => found.length > 0);

test("requests see the secret, an app that was set none sees none, and the top level saw the plain variables alone", async () => {
  for (const host of HOSTS) {
    expect((await nano.ask(host)).text).toBe(digestOf(secrets[0] ?? ""));
    const [inEnv, inProcess] = JSON.parse((await nano.ask(host, "/names")).text);
    expect([inEnv, inProcess]).toEqual([
      ["API_KEY", "PLAIN"],
      ["API_KEY", "PLAIN"],
    ]);
    expect(JSON.parse((await nano.ask(host, "/init")).text)).toEqual({ PLAIN });
  }
  expect((await nano.ask(OTHER)).text).toBe("none");
});

test("a changed secret file changes the answer, without a restart or a failed request", async () => {
  const processes = nano.processes.sort();
  const from = nano.output.length;
  const next = createSecret();
  const answers = new Set<string>();
  let isOver = false;
  const load = HOSTS.flatMap((host) =>
    ["/", "/", "/slow"].map(async (path) => {
      while (!isOver) {
        const { status, text } = await nano.ask(host, path);
        answers.add(`${status} ${text}`);
      }
    }),
  );
  await eventually(() => answers.size > 0);
  writeSecret(next);
  secrets.push(next);
  await nano.waitForOutput(/secret: secrets reloaded: API_KEY/, from);
  await nano.waitForOutput(/kept: secrets reloaded: API_KEY/, from);
  for (const host of HOSTS) {
    await eventually(async () => {
      const texts = await Promise.all([1, 2, 3, 4].map(async () => (await nano.ask(host)).text));
      return texts.every((text) => text === digestOf(next));
    });
  }
  isOver = true;
  await Promise.all(load);
  expect([...answers].sort()).toEqual(secrets.map((secret) => `200 ${digestOf(secret)}`).sort());
  expect(nano.processes.sort()).toEqual(processes);
  expect(nano.output.slice(from)).not.toMatch(/reloaded in|deployed in/);
});

test("no secret is in a file, a section of a sliver, the output, a metric, or what a process shows, in any form", async () => {
  for (const host of HOSTS) expect((await nano.ask(host, "/throw")).status).toBe(500);
  await nano.waitForOutput(/on purpose/);
  const places = await lookEverywhere(secrets.flatMap(needlesOf));
  expect(findsOf(places)).toEqual([]);
  const names = places.map(({ name }) => name).join("\n");
  for (const part of [
    /store\.sqlite$/m,
    /\(snapshot\)$/m,
    /\/cache\/.*\.sliver$/m,
    /\/cmdline$/m,
    /\/environ$/m,
    /\/fd\/4$/m,
  ]) {
    expect(names).toMatch(part);
  }
});

test("the same search finds what is there: a plain variable in store and output, a value of the top level in slivers", async () => {
  const finds = findsOf(await lookEverywhere([...needlesOf(PLAIN), ...needlesOf(HEAP_MARK)]));
  const names = finds.map(({ name }) => name).join("\n");
  for (const part of [/store\.sqlite/, /output/, /\(snapshot\)/, /\/cache\//]) expect(names).toMatch(part);
  const [secret = ""] = secrets;
  for (const { form, bytes } of needlesOf(secret)) {
    expect([form, lookInto("itself", Buffer.concat([Buffer.of(7), bytes]), needlesOf(secret)).found]).toEqual([
      form,
      expect.arrayContaining([form]),
    ]);
  }
});

test("a file that cannot be used changes nothing, and is told by the secret's name", async () => {
  const from = nano.output.length;
  writeSecret("");
  await nano.waitForOutput(/secret: secrets not reloaded[^\n]*\n[^\n]*Secret file of API_KEY cannot be used/, from);
  for (const host of HOSTS) expect((await nano.ask(host)).text).toBe(digestOf(secrets.at(-1) ?? ""));
});

test("a secret that the config file no longer names is gone", async () => {
  const from = nano.output.length;
  fixture.write(appsWith({}));
  await nano.waitForOutput(/nano\.config\.json: applied/, from);
  for (const host of HOSTS) await eventually(async () => (await nano.ask(host)).text === "none");
});

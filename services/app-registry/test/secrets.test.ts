import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { loadSealKey } from "@nano/control-store/seal-key";
import { openSecrets } from "@nano/control-store/sealed-secrets";
import type { AppName } from "@nano/protocol/brands";
import type { StoreRecord } from "@nano/protocol/records";
import { appAnswerSchema, registryPaths, secretsAnswerSchema } from "@nano/protocol/registry-api";
import { MAX_SECRET_BYTES, MAX_SECRETS } from "@nano/protocol/secrets";
import { expect, test } from "vitest";
import type { Answer } from "./api-client.ts";
import { openTestRegistry, temporaryDirectory } from "./open-test-registry.ts";

const SHOP = "shop" as AppName;
const PATH = registryPaths.secrets(SHOP);
const HUSH = "hush-1c0ffee1";

async function openWithSocket() {
  const socketPath = join(temporaryDirectory(), "api.sock");
  const opened = await openTestRegistry({ explicit: { http: { socketPath } } });
  const send = (method: string, path: string, body?: unknown): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const headers = { "content-type": "application/json" };
      const outgoing = request({ socketPath, method, path, headers, agent: false }, async (response) => {
        const chunks = await response.toArray();
        const answer = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, body: answer === "" ? null : JSON.parse(answer) });
      });
      outgoing.on("error", reject);
      outgoing.end(body === undefined ? undefined : text);
    });
  await send("PUT", registryPaths.app(SHOP));
  const put = async (secrets: Readonly<Record<string, string>>) =>
    secretsAnswerSchema.parse((await send("PUT", PATH, { secrets })).body);
  const keyFile = join(opened.directory, "keys/secrets.key");
  const record = async (): Promise<Extract<StoreRecord, { kind: "secrets" }> | undefined> => {
    const found = (await opened.store.loadSnapshot()).records.find(({ kind }) => kind === "secrets");
    return found?.kind === "secrets" ? found : undefined;
  };
  return { ...opened, send, put, keyFile, record };
}

test("a set is replaced as a whole, told by its names, and opened with the key file alone", async () => {
  const { send, put, keyFile, record } = await openWithSocket();
  expect(await put({ B: HUSH, A: "1" })).toMatchObject({ names: ["A", "B"], revision: 1 });
  expect(await put({ C: HUSH })).toMatchObject({ names: ["C"], revision: 2 });
  const answer = await send("GET", PATH);
  expect(answer).toMatchObject({ status: 200, body: { names: ["C"], revision: 2 } });
  expect(JSON.stringify(answer)).not.toContain(HUSH);
  const { sealed = "" } = (await record()) ?? {};
  expect(openSecrets(sealed, { app: SHOP, key: loadSealKey(keyFile) })).toEqual({ C: HUSH });
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
});

test("no file of the data directory and no answer of the API holds a value", async () => {
  const { send, put, directory } = await openWithSocket();
  await put({ API_KEY: HUSH });
  await put({ API_KEY: HUSH, OTHER: "x" });
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map(({ name }) => name)).toContain("store.sqlite");
  for (const { parentPath, name } of files) {
    expect(readFileSync(join(parentPath, name)).includes(HUSH), name).toBe(false);
  }
  for (const path of [registryPaths.apps, PATH, registryPaths.versions(SHOP)]) {
    const answer = await send("GET", path);
    expect(answer.status).toBe(200);
    expect(JSON.stringify(answer.body)).not.toContain(HUSH);
  }
});

test("the same set again changes nothing, an empty one ends it", async () => {
  const { send, put, record, store } = await openWithSocket();
  const { revision, updatedAt } = await put({ A: "1", B: "2" });
  const { seq } = await store.loadSnapshot();
  expect(await put({ B: "2", A: "1" })).toMatchObject({ revision, updatedAt });
  expect((await store.loadSnapshot()).seq).toBe(seq);
  const shown = async () => appAnswerSchema.parse((await send("PUT", registryPaths.app(SHOP))).body).hasSecrets;
  expect(await shown()).toBe(true);
  expect(await put({})).toEqual({ names: [], revision: 0, updatedAt: null });
  expect(await record()).toBeUndefined();
  expect(await shown()).toBe(false);
});

test("they go with their app, and belong to an app that there is", async () => {
  const { send, put, record } = await openWithSocket();
  await put({ A: HUSH });
  expect((await send("DELETE", registryPaths.app(SHOP))).status).toBe(204);
  expect(await record()).toBeUndefined();
  for (const answer of [await send("PUT", PATH, { secrets: { A: HUSH } }), await send("GET", PATH)]) {
    expect(answer).toMatchObject({ status: 404, body: { code: "REGISTRY_NOT_FOUND" } });
  }
});

test("over TCP they are taken with a token alone", async () => {
  const { api, record } = await openWithSocket();
  const set = (client: typeof api) => client.send("PUT", PATH, { body: { secrets: { A: HUSH } } });
  expect(await set(api.as(null))).toMatchObject({ status: 401, body: { code: "REGISTRY_NOT_SIGNED_IN" } });
  expect(await record()).toBeUndefined();
  expect(await set(api)).toMatchObject({ status: 200, body: { names: ["A"], revision: 1 } });
});

test("one is set and removed without the others being told again", async () => {
  const { send, put } = await openWithSocket();
  await put({ A: HUSH, B: HUSH });
  const path = registryPaths.secret(SHOP, "C");
  expect(await send("PUT", path, { value: "c" })).toMatchObject({
    status: 200,
    body: { names: ["A", "B", "C"], revision: 2 },
  });
  expect(await send("PUT", path, { value: "c" })).toMatchObject({ status: 200, body: { revision: 2 } });
  expect(await send("DELETE", registryPaths.secret(SHOP, "A"))).toMatchObject({ body: { names: ["B", "C"] } });
  const gone = await send("DELETE", registryPaths.secret(SHOP, "A"));
  expect(gone).toMatchObject({ status: 404, body: { code: "REGISTRY_NOT_FOUND" } });
});

test.each([
  ["a value that is a number", "A", { value: 48_151_623 }, "48151623"],
  ["a value over its bound", "A", { value: HUSH.repeat(MAX_SECRET_BYTES / 8) }, HUSH],
  ["what is not JSON", "A", `{"value":"${HUSH}`, HUSH],
  ["a name that is none", "A=B", { value: HUSH }, HUSH],
])("%s is refused for one secret, and not repeated", async (_, name, body, value) => {
  const { send, record } = await openWithSocket();
  const answer = await send("PUT", registryPaths.secret(SHOP, name), body);
  expect(answer).toMatchObject({
    status: 400,
    body: { code: "REGISTRY_BAD_REQUEST", details: { problems: expect.anything() } },
  });
  expect(JSON.stringify(answer)).not.toContain(value);
  expect(await record()).toBeUndefined();
});

test("one more than an app may have is refused, and leaves those that it has", async () => {
  const { send, put } = await openWithSocket();
  await put(Object.fromEntries(Array.from({ length: MAX_SECRETS }, (_, i) => [`A${i}`, HUSH])));
  const answer = await send("PUT", registryPaths.secret(SHOP, "ONE_MORE"), { value: HUSH });
  expect(answer).toMatchObject({ status: 400, body: { code: "REGISTRY_BAD_REQUEST" } });
  expect(JSON.stringify(answer)).not.toContain(HUSH);
  expect(await send("GET", PATH)).toMatchObject({ body: { revision: 1 } });
});

test.each([
  ["a value that is no text", { secrets: { A: [HUSH] } }],
  ["an empty value", { secrets: { A: "", B: HUSH } }],
  ["a value over its bound", { secrets: { A: HUSH.repeat(MAX_SECRET_BYTES / 8) } }],
  ["too many", { secrets: Object.fromEntries(Array.from({ length: MAX_SECRETS + 1 }, (_, i) => [`A${i}`, HUSH])) }],
  [
    "too much in all",
    { secrets: Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`A${i}`, "é".repeat(32_768)])) },
  ],
  ["an assignment in place of a name", { secrets: { [`A=${HUSH}`]: "1" } }],
  ["a value in place of the set", { secrets: HUSH }],
  ["what is no JSON", `{"secrets":{"A":"${HUSH}}}`],
])("%s is refused with its place and without its content", async (_, body) => {
  const { send, record } = await openWithSocket();
  const answer = await send("PUT", PATH, body);
  expect(answer).toMatchObject({ status: 400, body: { code: "REGISTRY_BAD_REQUEST" } });
  expect(JSON.stringify(answer)).not.toContain(HUSH);
  expect(await record()).toBeUndefined();
});

test("with another key a set is not told, and can be set again", async () => {
  const { send, put, keyFile } = await openWithSocket();
  await put({ A: HUSH });
  rmSync(keyFile);
  writeFileSync(keyFile, "0".repeat(64), { mode: 0o600 });
  expect(await send("GET", PATH)).toMatchObject({ status: 503, body: { code: "STORE_SECRETS_UNREADABLE" } });
  expect(await put({ A: HUSH })).toMatchObject({ names: ["A"], revision: 2 });
  expect((await send("GET", PATH)).status).toBe(200);
});

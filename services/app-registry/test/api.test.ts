import { once } from "node:events";
import { readdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import type { AppName, EngineFingerprint, NodeId } from "@nano/protocol/brands";
import { feedAnswerSchema, nodesAnswerSchema, registryPaths } from "@nano/protocol/registry-api";
import { expect, test, vi } from "vitest";
import { OPERATOR_TOKEN } from "./api-client.ts";
import { assetPackOf, digestOf, openTestRegistry, temporaryDirectory } from "./open-test-registry.ts";

const VERSIONS = registryPaths.versions("shop" as AppName);

test("an artifact is stored once, under its own digest only", async () => {
  const { api } = await openTestRegistry();
  expect((await api.upload("content")).status).toBe(201);
  expect((await api.upload("content")).status).toBe(200);
  const lie = await api.upload("content", digestOf("something else"));
  expect(lie).toMatchObject({ status: 400, body: { code: "REGISTRY_DIGEST_MISMATCH" } });
  expect((await api.send("GET", registryPaths.artifact(digestOf("content")))).status).toBe(200);
  expect((await api.send("GET", registryPaths.artifact(digestOf("something else")))).status).toBe(404);
});

test("a body over its limit is refused", async () => {
  const { api } = await openTestRegistry({
    explicit: { artifacts: { limitBytes: 1024 }, http: { bodyLimitBytes: 1024 } },
  });
  const refusal = { status: 413, body: { code: "REGISTRY_BODY_TOO_LARGE", reason: "too_large" } };
  expect(await api.upload("x".repeat(1025))).toMatchObject(refusal);
  expect(await api.send("POST", VERSIONS, { body: { x: "y".repeat(1025) } })).toMatchObject(refusal);
});

test("everything that is wrong with a deploy is told at once, with its place; variables are not repeated", async () => {
  const { api } = await openTestRegistry();
  const body = {
    manifest: { limits: { memory_mb: 1 }, env_vars: { SECRET: 42 }, colour: "red" },
    bundle: "short",
    activate: "yes",
  };
  const answer = await api.send("POST", VERSIONS, { body });
  expect(answer).toMatchObject({ status: 400, body: { code: "REGISTRY_BAD_REQUEST", fault: "caller" } });
  const { problems } = (answer.body as { details: { problems: unknown[] } }).details;
  expect(problems).toEqual(
    expect.arrayContaining([
      { where: "manifest.limits.memory_mb", got: "1", expected: "number to be >=16" },
      { where: "manifest.env_vars.SECRET", got: "a value", expected: "string, received number" },
      { where: "manifest.colour", got: "a value", expected: "no such key" },
      { where: "bundle", got: '"short"', expected: "a SHA-256 as 64 lower-case hex digits" },
      { where: "activate", got: '"yes"', expected: "boolean, received string" },
    ]),
  );
});

test.each([
  ["nothing to serve", {}],
  ["a bundle and a sliver", { bundle: "a".repeat(64), sliver: "b".repeat(64), fingerprint: "c".repeat(32) }],
  ["a sliver without its engine", { sliver: "b".repeat(64) }],
])("a deploy of %s is refused", async (_, artifacts) => {
  const { api } = await openTestRegistry();
  const answer = await api.send("POST", VERSIONS, { body: { manifest: {}, activate: true, ...artifacts } });
  expect(answer).toMatchObject({ status: 400, body: { code: "REGISTRY_BAD_REQUEST" } });
});

test("a deploy of an artifact that was not uploaded is refused by name, and makes no app", async () => {
  const { api } = await openTestRegistry();
  const body = { manifest: {}, bundle: "a".repeat(64), activate: true };
  const answer = await api.send("POST", VERSIONS, { body });
  expect(answer).toMatchObject({
    status: 409,
    body: { code: "REGISTRY_UNKNOWN_ARTIFACT", details: { where: "bundle" } },
  });
  expect((await api.send("GET", registryPaths.apps)).body).toEqual({ apps: [] });
});

test.each([
  ["no asset pack", Buffer.from("hello")],
  ["a pack that leads outside itself", assetPackOf("text", { length: 5 })],
  ["a pack that breaks a header", assetPackOf("text", { contentType: "text/plain\r\nset-cookie: a=b" })],
])("a deploy of assets that are %s is refused with the reason, and makes no app", async (_, bytes) => {
  const { api } = await openTestRegistry();
  const { digest: assets } = await api.upload(bytes);
  const answer = await api.send("POST", VERSIONS, { body: { manifest: {}, assets, activate: true } });
  expect(answer).toMatchObject({ status: 422, body: { code: "REGISTRY_BAD_ASSETS", details: { digest: assets } } });
  expect((answer.body as { message: string }).message).toMatch(
    /^Asset pack .* cannot be served: .* asset pack \w+: found/,
  );
  expect((await api.send("GET", registryPaths.apps)).body).toEqual({ apps: [] });
});

test("what is not JSON, not known, or from a page in a browser is refused", async () => {
  const { api } = await openTestRegistry();
  const refused = async (...args: Parameters<typeof api.send>) => {
    const { status, body } = await api.send(...args);
    return [status, (body as { code: string }).code];
  };
  const json = { "content-type": "application/json" };
  expect(await refused("POST", VERSIONS, { body: "{", headers: json })).toEqual([400, "REGISTRY_BAD_REQUEST"]);
  expect(await refused("POST", VERSIONS, { body: "{}" })).toEqual([400, "REGISTRY_BAD_REQUEST"]);
  expect(await refused("GET", "/v1/apps/UPPER/versions")).toEqual([400, "REGISTRY_BAD_REQUEST"]);
  expect(await refused("GET", VERSIONS)).toEqual([404, "REGISTRY_NOT_FOUND"]);
  expect(await refused("GET", "/nowhere")).toEqual([404, "REGISTRY_NOT_FOUND"]);
  const origin = { origin: "http://evil.test" };
  expect(await refused("GET", registryPaths.apps, { headers: origin })).toEqual([403, "REGISTRY_BROWSER_REFUSED"]);
});

test("the place in the feed that is told holds every change that was answered", async () => {
  const { api, store } = await openTestRegistry();
  const before = feedAnswerSchema.parse((await api.send("GET", registryPaths.feed)).body);
  await api.deploy("shop", "1");
  const after = feedAnswerSchema.parse((await api.send("GET", registryPaths.feed)).body);
  expect(after).toEqual({ epoch: before.epoch, seq: before.seq + 1 });
  const { epoch, seq } = await store.loadSnapshot();
  expect({ epoch, seq }).toEqual(after);
});

test("more builds of one app, or more apps, than the limits allow are refused", async () => {
  const { api } = await openTestRegistry({ explicit: { versions: { buildingCount: 1 }, apps: { limitCount: 1 } } });
  await api.deploy("shop", "1");
  await expect(api.deploy("shop", "2")).rejects.toThrow("REGISTRY_TOO_MANY_BUILDS");
  await expect(api.deploy("other", "1")).rejects.toThrow("REGISTRY_TOO_MANY_APPS");
  const made = await api.send("PUT", registryPaths.app("other" as AppName));
  expect(made.body).toMatchObject({ code: "REGISTRY_TOO_MANY_APPS" });
});

test("the API answers on a Unix socket beside the port", async () => {
  const socketPath = join(temporaryDirectory(), "api.sock");
  await openTestRegistry({ explicit: { http: { socketPath } } });
  const req = request({ socketPath, path: registryPaths.apps }).end();
  const [res] = (await once(req, "response")) as [{ statusCode: number; resume(): void }];
  res.resume();
  expect(res.statusCode).toBe(200);
});

test("an upload that is cut off leaves nothing, and its place is free for the next", async () => {
  const { api, registry, artifacts, directory } = await openTestRegistry({
    explicit: { artifacts: { uploadCount: 1 } as never },
  });
  const bytes = Buffer.alloc(256 * 1024, "x");
  const digest = digestOf(bytes);
  const [host, port] = registry.addresses.http?.split(":") ?? [];
  const headers = { authorization: `Bearer ${OPERATOR_TOKEN}`, "content-length": bytes.length };
  const path = registryPaths.artifact(digest);
  const outgoing = request({ host, port, method: "PUT", path, headers });
  outgoing.on("error", () => undefined);
  outgoing.write(bytes.subarray(0, 100_000));
  await vi.waitFor(async () => {
    const { body } = await api.upload("other");
    expect(body).toMatchObject({ code: "REGISTRY_TOO_MANY_UPLOADS" });
  });
  outgoing.destroy();
  await vi.waitFor(async () => expect((await api.upload("other")).status).toBeLessThan(300));
  expect(await artifacts.has(digest)).toBe(false);
  const left = readdirSync(join(directory, "artifacts"), { recursive: true, withFileTypes: true });
  expect(left.filter((entry) => entry.isFile())).toHaveLength(1);
});

test("nodes are shown with their load, and without what would open them", async () => {
  const { api, store } = await openTestRegistry();
  const worker = (id: string, load: object) => ({
    id: id as never,
    address: `/run/${id}.sock`,
    credential: "hush",
    ...load,
  });
  const node = {
    kind: "node",
    id: "n1" as NodeId,
    engine: "e".repeat(32) as EngineFingerprint,
    supervisor: { address: "10.0.0.1:9000", credential: "hush" },
    workers: [worker("a", { capacity: 30, load: 10 }), worker("b", { capacity: 10, load: 2 }), worker("c", {})],
    draining: true,
  } as const;
  await store.renewLease(node, 60_000);
  await vi.waitFor(async () => {
    const { body } = await api.send("GET", registryPaths.nodes);
    expect(nodesAnswerSchema.parse(body).nodes).toEqual([
      {
        id: "n1",
        engine: "e".repeat(32),
        address: "10.0.0.1:9000",
        workerCount: 3,
        load: 0.8,
        isDraining: true,
        badSliverCount: 0,
      },
    ]);
    expect(JSON.stringify(body)).not.toContain("hush");
  });
});

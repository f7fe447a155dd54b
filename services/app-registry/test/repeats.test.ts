/** Requests that come twice under one idempotency key, and what the audit log has of them. */
import type { AppName } from "@nano/protocol/brands";
import { auditAnswerSchema, newTokenAnswerSchema, registryPaths } from "@nano/protocol/registry-api";
import { expect, test } from "vitest";
import { HandBuilder } from "./hand-builder.ts";
import { openTestRegistry } from "./open-test-registry.ts";

const SHOP = "shop" as AppName;
const under = (key: string) => ({ "idempotency-key": key });

async function openWithVersions() {
  const opened = await openTestRegistry();
  const { api } = opened;
  const deploy = async (text: string) => {
    const assets = await api.uploadAssets(text);
    return (await api.deployAs("shop", { manifest: {}, assets, activate: true })).version;
  };
  const [first, second] = [await deploy("1"), await deploy("2")];
  const activate = (version: string, key: string) =>
    api.send("POST", registryPaths.activate(SHOP), { body: { version }, headers: under(key) });
  return { ...opened, first, second, activate };
}

test("an activation that comes again answers as before and changes nothing", async () => {
  const { api, first, second, activate, store } = await openWithVersions();
  const once = await activate(first, "k1");
  expect(once).toMatchObject({ status: 200, body: { activeVersion: first } });
  await activate(second, "k2");
  const before = await store.loadSnapshot();
  expect(await activate(first, "k1")).toMatchObject({ status: 200, body: { activeVersion: first } });
  expect(await store.loadSnapshot()).toEqual(before);
  expect(await api.activeVersion("shop")).toBe(second);
});

test("one that changed nothing does not come to change something later", async () => {
  const { api, first, second, activate } = await openWithVersions();
  await activate(second, "nothing-to-do");
  await activate(first, "k2");
  expect((await activate(second, "nothing-to-do")).status).toBe(200);
  expect(await api.activeVersion("shop")).toBe(first);
});

test("a deletion that comes again is answered as done, not as gone", async () => {
  const { api } = await openWithVersions();
  const remove = () => api.send("DELETE", registryPaths.app(SHOP), { headers: under("delete") });
  expect((await remove()).status).toBe(204);
  await api.send("PUT", registryPaths.app(SHOP));
  expect((await remove()).status).toBe(204);
  expect((await api.send("GET", registryPaths.apps)).body).toMatchObject({ apps: [{ name: SHOP }] });
});

test("a deploy that comes again is the same version, built once", async () => {
  const { api, queue, artifacts } = await openTestRegistry();
  const { digest: bundle } = await api.upload("bundle");
  const body = { manifest: {}, bundle, activate: true };
  const deploy = () => api.send("POST", registryPaths.versions(SHOP), { body, headers: under("deploy") });
  const [first, second] = await Promise.all([deploy(), deploy()]);
  expect(first).toMatchObject({ status: 202, body: { state: "queued" } });
  expect(second.body).toMatchObject({ version: (first.body as { version: string }).version });
  const builder = new HandBuilder({ queue, artifacts });
  const { version } = first.body as { version: never };
  const events = api.events("shop", version);
  await builder.finish(version);
  await events;
  expect(await deploy()).toMatchObject({ status: 200, body: { version, state: "built" } });
  expect(await builder.takeNext(100)).toBeNull();
});

test("a key is refused for another request, and is another token's for itself", async () => {
  const { api, first, second, activate } = await openWithVersions();
  await activate(first, "k");
  expect(await activate(second, "k")).toMatchObject({ status: 422, body: { code: "REGISTRY_KEY_REUSED" } });
  const elsewhere = await api.send("PUT", registryPaths.app("blog" as AppName), { headers: under("k") });
  expect(elsewhere).toMatchObject({ status: 422, body: { code: "REGISTRY_KEY_REUSED" } });
  const made = await api.send("POST", registryPaths.tokens, { body: { name: "other", role: "operator" } });
  const other = api.as(newTokenAnswerSchema.parse(made.body).token);
  const answer = await other.send("PUT", registryPaths.app("blog" as AppName), { headers: under("k") });
  expect(answer.status).toBe(200);
});

test("a token is made once, and not told again", async () => {
  const { api } = await openTestRegistry();
  const make = () =>
    api.send("POST", registryPaths.tokens, { body: { name: "a", role: "reader" }, headers: under("t") });
  const { id } = newTokenAnswerSchema.parse((await make()).body);
  expect(await make()).toMatchObject({ status: 409, body: { code: "REGISTRY_TOKEN_TOLD_ONCE", details: { id } } });
  const { tokens } = (await api.send("GET", registryPaths.tokens)).body as { tokens: unknown[] };
  expect(tokens).toHaveLength(1);
});

test.each([["x".repeat(129)], ["two words"]])("a key that is none (%s) is refused with its place", async (key) => {
  const { api } = await openTestRegistry();
  const answer = await api.send("PUT", registryPaths.app(SHOP), { headers: under(key) });
  const problems = [{ where: "idempotency-key", expected: "1 to 128 visible ASCII characters" }];
  expect(answer).toMatchObject({ status: 400, body: { code: "REGISTRY_BAD_REQUEST", details: { problems } } });
});

test("the audit log tells who changed what, once, and no secret", async () => {
  const { api, first, second, activate } = await openWithVersions();
  await activate(first, "k1");
  await activate(first, "k1");
  const secret = { body: { value: "hush-1c0ffee1" } };
  await api.send("PUT", registryPaths.secret(SHOP, "KEY"), secret);
  const answer = await api.send("GET", `${registryPaths.audit}?limit=3`);
  const { entries } = auditAnswerSchema.parse(answer.body);
  const by = { tokenId: "0".repeat(16), actor: "bootstrap", subject: "app/shop" };
  expect(entries).toMatchObject([
    { ...by, action: "secret.set", details: { name: "KEY" } },
    { ...by, action: "app.activate", details: { version: first, before: second } },
    { ...by, action: "version.deploy", details: { version: second } },
  ]);
  expect(JSON.stringify(entries)).not.toContain("hush");
  expect(await api.send("GET", `${registryPaths.audit}?limit=0`)).toMatchObject({ status: 400 });
});

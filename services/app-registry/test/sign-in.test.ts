import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AppName } from "@nano/protocol/brands";
import type { StoreRecord } from "@nano/protocol/records";
import { newTokenAnswerSchema, registryPaths, type TokenRequestInput } from "@nano/protocol/registry-api";
import { Metrics } from "@nano/service-kit/metrics";
import { createSecretFile } from "@nano/service-kit/secret-file";
import { expect, test } from "vitest";
import { createAccessToken, formatAccessToken, hashSecret } from "../src/catalog/access-token.ts";
import { SignIn } from "../src/request/sign-in.ts";
import { MAX_ADDRESSES, SignInFailures } from "../src/request/sign-in-failures.ts";
import { type ApiClient, OPERATOR_TOKEN } from "./api-client.ts";
import { openTestRegistry, temporaryDirectory } from "./open-test-registry.ts";

const SHOP = "shop" as AppName;
const BLOG = "blog" as AppName;
const APP_ROUTES = { routes: [{ host: "shop.test" }] };

async function tokenFor(api: ApiClient, request: TokenRequestInput): Promise<string> {
  const answer = await api.send("POST", registryPaths.tokens, { body: request });
  return newTokenAnswerSchema.parse(answer.body).token;
}

test.each([
  ["no token", null],
  ["what is no token", "hello"],
  ["a token of an id that nobody has", `nano_${"1".repeat(16)}_${"A".repeat(43)}`],
  ["the wrong secret of an id that there is", `nano_${"0".repeat(16)}_${"B".repeat(43)}`],
])("over TCP a request with %s is refused before anything is done", async (_, token) => {
  const { api } = await openTestRegistry();
  const answer = await api.as(token).send("PUT", registryPaths.app(SHOP));
  expect(answer).toMatchObject({ status: 401, body: { code: "REGISTRY_NOT_SIGNED_IN", fault: "caller" } });
  expect((await api.send("GET", registryPaths.apps)).body).toEqual({ apps: [] });
});

test("an id that is not known and a secret that is wrong are refused alike", async () => {
  const { api } = await openTestRegistry();
  const unknown = await api.as(`nano_${"1".repeat(16)}_${"A".repeat(43)}`).send("GET", registryPaths.apps);
  const wrong = await api.as(`nano_${"0".repeat(16)}_${"B".repeat(43)}`).send("GET", registryPaths.apps);
  expect(unknown).toEqual(wrong);
});

test("a token is told once, is stored as a digest, signs in, and does so no more when it is deleted", async () => {
  const { api, store } = await openTestRegistry();
  const made = await api.send("POST", registryPaths.tokens, { body: { name: "ann", role: "reader" } });
  const { token, id, ...rest } = newTokenAnswerSchema.parse(made.body);
  expect(made.status).toBe(201);
  expect(rest).toMatchObject({ name: "ann", role: "reader", apps: null, expiresAt: null });
  const [, , secret = ""] = token.split("_");
  const listed = await api.send("GET", registryPaths.tokens);
  expect(listed.body).toMatchObject({ tokens: [{ id, name: "ann" }] });
  for (const kept of [listed, await store.loadSnapshot(), await store.readAudit(100)]) {
    expect(JSON.stringify(kept)).not.toContain(secret);
  }
  const ann = api.as(token);
  expect((await ann.send("GET", registryPaths.whoAmI)).body).toMatchObject({ id, name: "ann", role: "reader" });
  expect((await api.send("DELETE", registryPaths.token(id))).status).toBe(204);
  expect((await ann.send("GET", registryPaths.whoAmI)).status).toBe(401);
});

test("a deployer makes and changes the apps that it is given, and is shown no others", async () => {
  const { api } = await openTestRegistry();
  await api.send("PUT", registryPaths.app(BLOG));
  await api.putRoutes({ routes: [{ host: "blog.test", app: BLOG }] });
  const deployer = api.as(await tokenFor(api, { name: "ci", role: "deployer", apps: [SHOP] }));
  expect(await deployer.deploy("shop", "bundle")).toMatchObject({ state: "queued" });
  expect((await deployer.send("PUT", registryPaths.appRoutes(SHOP), { body: APP_ROUTES })).status).toBe(200);
  expect((await deployer.send("GET", registryPaths.apps)).body).toMatchObject({ apps: [{ name: SHOP }] });
  expect((await deployer.send("GET", registryPaths.routes)).body).toMatchObject({ routes: [{ app: SHOP }] });
  const other = await deployer.send("PUT", registryPaths.app(BLOG));
  expect(other).toMatchObject({ status: 403, body: { code: "REGISTRY_FORBIDDEN" } });
  const none = await deployer.send("GET", registryPaths.versions("nowhere" as AppName));
  expect(none).toMatchObject({ status: 403, body: { details: { role: "deployer", needed: expect.any(String) } } });
});

test.each([
  ["reader", "PUT", registryPaths.app(SHOP), 403],
  ["reader", "PUT", registryPaths.appRoutes(SHOP), 403],
  ["reader", "PUT", registryPaths.secret(SHOP, "A"), 403],
  ["reader", "PUT", registryPaths.rollout(SHOP), 403],
  ["reader", "POST", registryPaths.liftQuarantine(SHOP), 403],
  ["deployer", "POST", registryPaths.liftQuarantine(SHOP), 403],
  ["reader", "PUT", registryPaths.artifact("a".repeat(64) as never), 403],
  ["reader", "POST", registryPaths.tokens, 403],
  ["reader", "GET", registryPaths.nodes, 200],
  ["reader", "GET", registryPaths.audit, 200],
  ["reader", "GET", registryPaths.secrets(SHOP), 200],
  ["deployer", "PUT", registryPaths.app(SHOP), 200],
  ["deployer", "PUT", registryPaths.routes, 403],
  ["deployer", "GET", registryPaths.tokens, 403],
  ["deployer", "GET", registryPaths.audit, 403],
  ["deployer", "DELETE", registryPaths.token("0".repeat(16)), 403],
  ["deployer", "GET", registryPaths.feed, 200],
] as const)("a %s that sends %s %s is answered %i", async (role, method, path, status) => {
  const { api } = await openTestRegistry();
  await api.send("PUT", registryPaths.app(SHOP));
  const answer = await api.as(await tokenFor(api, { name: "x", role })).send(method, path);
  expect(answer.status).toBe(status);
  if (status === 403) expect(answer.body).toMatchObject({ code: "REGISTRY_FORBIDDEN", details: { role } });
});

test("an address that failed too often is told to wait, and a valid token gets in all the same", async () => {
  const { api } = await openTestRegistry({ explicit: { tokens: { failuresPerMinute: 2 } as never } });
  const statuses: number[] = [];
  for (let count = 0; count < 4; count++) statuses.push((await api.as("wrong").send("GET", registryPaths.apps)).status);
  expect(statuses).toEqual([401, 401, 429, 429]);
  const limited = await api.as("wrong").send("GET", registryPaths.apps);
  expect(limited.body).toMatchObject({ code: "REGISTRY_TOO_MANY_SIGN_INS", retryable: true });
  expect((await api.send("GET", registryPaths.apps)).status).toBe(200);
});

test("failures are counted for each address, for a minute, and for so many addresses", () => {
  const clock = { nowMs: 0 };
  const failures = new SignInFailures({ limitCount: 1, nowMs: () => clock.nowMs });
  expect(failures.note("10.0.0.1")).toBe(0);
  expect(failures.note("10.0.0.1")).toBe(60_000);
  expect(failures.note("10.0.0.2")).toBe(0);
  expect(failures.note("2001:db8::1")).toBe(0);
  expect(failures.note("2001:db8:0:0:ffff::2"), "of the same network").toBeGreaterThan(0);
  expect(failures.note("2001:db8:0:1::1"), "of another").toBe(0);
  clock.nowMs = 60_000;
  expect(failures.note("10.0.0.1")).toBe(0);
  for (let number = 0; number <= MAX_ADDRESSES; number++) failures.note(`10.1.${number >> 8}.${number & 255}`);
  expect(failures.addressCount).toBe(MAX_ADDRESSES);
});

function openSignIn() {
  const path = join(temporaryDirectory(), "token");
  writeFileSync(path, OPERATOR_TOKEN);
  const clock = { nowMs: Date.parse("2026-11-22T00:00:00Z") };
  const token = createAccessToken();
  const record: StoreRecord = {
    kind: "token",
    id: token.id,
    name: "short",
    role: "operator",
    apps: null,
    hash: hashSecret(token.secret),
    createdAt: new Date(clock.nowMs).toISOString(),
    expiresAt: new Date(clock.nowMs + 1000).toISOString(),
  };
  const signIn = new SignIn({
    records: () => new Map([[`token/${token.id}`, record]]),
    bootstrapFile: createSecretFile(path),
    failuresPerMinuteCount: 10,
    metrics: new Metrics("registry"),
    nowMs: () => clock.nowMs,
  });
  const ask = (text: string) => signIn.signIn(`Bearer ${text}`, "10.0.0.1");
  return { ask, clock, path, token: formatAccessToken(token) };
}

test("a token that has expired is refused", () => {
  const { ask, clock, token } = openSignIn();
  expect(ask(token)).toMatchObject({ name: "short", role: "operator" });
  clock.nowMs += 1000;
  expect(() => ask(token)).toThrow(expect.objectContaining({ code: "REGISTRY_NOT_SIGNED_IN" }));
});

test("a bootstrap token that is replaced is taken up, and the one before it refused", () => {
  const { ask, clock, path } = openSignIn();
  expect(ask(OPERATOR_TOKEN)).toMatchObject({ name: "bootstrap", role: "operator" });
  const next = formatAccessToken(createAccessToken());
  writeFileSync(path, `${next}\n`);
  clock.nowMs += 60_000;
  expect(ask(next)).toMatchObject({ name: "bootstrap" });
  expect(() => ask(OPERATOR_TOKEN)).toThrow(expect.objectContaining({ code: "REGISTRY_NOT_SIGNED_IN" }));
});

test("a bootstrap file that holds no token ends the start, and is not repeated", async () => {
  const path = join(temporaryDirectory(), "token");
  writeFileSync(path, "hush-1c0ffee1");
  const opening = openTestRegistry({ explicit: { tokens: { bootstrap: path as never } as never } });
  await expect(opening).rejects.toMatchObject({ code: "REGISTRY_BAD_BOOTSTRAP_TOKEN" });
  await expect(opening).rejects.not.toThrow("hush");
});

test("more tokens than the limit allows are refused", async () => {
  const { api } = await openTestRegistry({ explicit: { tokens: { limitCount: 1 } as never } });
  await tokenFor(api, { name: "a", role: "reader" });
  const answer = await api.send("POST", registryPaths.tokens, { body: { name: "b", role: "reader" } });
  expect(answer).toMatchObject({ status: 409, body: { code: "REGISTRY_TOO_MANY_TOKENS" } });
});

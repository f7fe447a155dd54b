/** How a Redis is reached: credentials that change, TLS, and what a config may not say. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, needRedisServer } from "@nano/test-kit/redis-server";
import { describe, expect, test } from "vitest";
import { openControlStore } from "../../src/open-control-store.ts";
import { placeOfStore } from "../../src/store-place.ts";
import { appRecord, buildJob, nodeRecord, putApp } from "../records.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { CELL, follow, IN_MEMORY, insist, openOperator, openQueue, openStore, startServer } from "./redis-harness.ts";

needRedisServer();

/** As README gives them. */
const RIGHTS = [`~{nano:${CELL}}:*`, `&{nano:${CELL}}:*`, "+@all", "-@admin", "-@dangerous", "+info"];

test("a user with the rights that README asks for can do all", async () => {
  const server = await startServer();
  await openOperator(server).acl("SETUSER", "nano", "on", "nopass", ...RIGHTS);
  const config = { urls: [server.url], username: "nano", password: { read: () => "any" } };
  const store = openStore({ ...config, ackReplicas: 1, ackTimeoutMs: 10 });
  const following = follow(store);
  await expect(store.commit([putApp("a")])).rejects.toMatchObject({ wire: { details: { ackCount: 0 } } });
  await store.renewLease(nodeRecord("n1"), 60_000);
  await store.endLease(nodeRecord("n1").id);
  await following.until((state) => state.seq === 3);
  const queue = openQueue(config);
  await queue.enqueue(buildJob(1));
  const stop = new AbortController();
  const taking = queue.takeJobs(async () => {
    stop.abort();
    throw new Error("told to leave");
  }, stop.signal);
  await taking;
  expect(await openOperator(server).acl("LOG")).toEqual([]);
});

test("a password that has changed is read again with the next connection, and is in no error", async () => {
  const server = await startServer();
  const operator = openOperator(server);
  const setPassword = (password: string) =>
    operator.acl("SETUSER", "nano", "on", "resetpass", `>${password}`, ...RIGHTS);
  await setPassword("first-secret");
  const passwordFile = join(temporaryDirectory(), "password");
  writeFileSync(passwordFile, "first-secret\n");
  const store = openStore({ urls: [server.url], username: "nano", password: passwordFile });
  await store.commit([putApp("a")]);
  await setPassword("second-secret");
  await operator.call("CLIENT", "KILL", "USER", "nano");
  const refused = await insist(async () => {
    const outcome: unknown = await store.loadSnapshot().catch((error) => error);
    // Until the connection is seen to be gone, and the next one refused.
    if (!(outcome instanceof Error && outcome.message.includes("WRONGPASS"))) {
      throw Object.assign(new Error("Not yet"), { wire: { retryable: true } });
    }
    return outcome;
  });
  expect(refused).toMatchObject({ code: "STORE_LOST" });
  expect(JSON.stringify([refused.message, refused.cause, (refused as { wire?: unknown }).wire])).not.toContain(
    "secret",
  );
  writeFileSync(passwordFile, "second-secret");
  expect((await insist(() => store.loadSnapshot())).records).toEqual([appRecord("a")]);
});

test("over TLS a server is trusted by the given certificates alone", async () => {
  const directory = temporaryDirectory();
  const [key, certificate] = [join(directory, "key.pem"), join(directory, "certificate.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"];
  const files = ["-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate];
  execFileSync("openssl", ["req", "-x509", ...files, ...subject], { stdio: "ignore" });
  const port = await freePort();
  const tls = [
    "--tls-port",
    `${port}`,
    "--tls-cert-file",
    certificate,
    "--tls-key-file",
    key,
    "--tls-auth-clients",
    "no",
  ];
  await startServer({ args: [...IN_MEMORY, ...tls] });
  const urls = [`rediss://127.0.0.1:${port}`];
  const store = openStore({ urls, tlsCaFile: certificate });
  await insist(() => store.commit([putApp("a")], { idempotencyKey: "a" }));
  const queue = openQueue({ urls, tlsCaFile: certificate });
  await expect(queue.enqueue(buildJob(1))).resolves.toBeUndefined();
  await expect(openStore({ urls }).loadSnapshot()).rejects.toMatchObject({
    message: expect.stringMatching(/self-signed/),
  });
});

describe("a service's config", () => {
  test("that names a socket opens the registry's store, and one with URLs Redis", async () => {
    const server = await startServer();
    const redis = { urls: [server.url], cell: "one", password: null, sentinelName: null };
    const store = await openControlStore({ socketPath: null, redis });
    await insist(() => store.commit([putApp("a")], { idempotencyKey: "a" }));
    const other = await openControlStore(server.url);
    expect((await other.loadSnapshot()).records, "another cell").toEqual([]);
    const embedded = await openControlStore(join(temporaryDirectory(), "none.sock"));
    await expect(embedded.loadSnapshot()).rejects.toMatchObject({ code: "STORE_LOST" });
    await Promise.all([store, other, embedded].map((each) => each.close()));
  });

  test.each([
    ["neither", { socketPath: null, redis: { urls: [] } }],
    ["both", { socketPath: "/s", redis: { urls: ["redis://h"] } }],
    ["credentials in a URL", { redis: { urls: ["redis://:pw@h"] } }],
    ["another scheme", { redis: { urls: ["http://h"] } }],
    ["several servers", { redis: { urls: ["redis://a", "redis://b"] } }],
    ["Sentinels and a Cluster", { redis: { urls: ["redis://a"], sentinelName: "m", cluster: true } }],
    ["a malformed cell", { redis: { urls: ["redis://a"], cell: "a{b}" } }],
    ["a missing password file", { redis: { urls: ["redis://a"], password: "/not/there" } }],
    ["missing certificates", { redis: { urls: ["rediss://a"], tlsCaFile: "/not/there" } }],
    ["a negative count", { redis: { urls: ["redis://a"], ackReplicas: -1 } }],
  ])("with %s is refused", (_name, place) => {
    expect(() => placeOfStore(place)).toThrow(expect.objectContaining({ code: "STORE_BAD_ADDRESS" }));
  });
});

/** What callers see when the server of a bucket is away, slow, wrong, or full of damage. */
import { writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { NodeCache } from "@nano/sliver/node-cache";
import type { S3Settings } from "@nano/sliver/s3-settings";
import { S3Store } from "@nano/sliver/s3-store";
import { digestOf, MAX_ARTIFACT_BYTES } from "@nano/sliver/sliver-store";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type AnswerS3, openFakeS3, refuseS3 } from "./fake-s3.ts";
import { openBucket, openS3Server, s3Settings } from "./s3-server.ts";
import { createSampleSliver } from "./sample-sliver.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const bytes = Buffer.from("an artifact");
const digest = digestOf(bytes);

function openStore(settings: S3Settings): S3Store {
  return new S3Store(openBucket(settings), settings.prefix);
}

async function openFaked(answer: AnswerS3, settings: Partial<S3Settings> = {}) {
  const fake = await openFakeS3(answer);
  return { fake, store: openStore({ ...s3Settings(fake.endpoint), ...settings }) };
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("a bucket whose server", () => {
  it("is away: each request fails by name, after a few attempts", async () => {
    const store = openStore(s3Settings(`http://127.0.0.1:${await closedPort()}`));
    const away = { code: "SLIVER_STORE_AWAY", wire: { retryable: true, details: { attemptCount: 3 } } };
    await expect(store.get(digest)).rejects.toMatchObject(away);
    await expect(store.put(digest, bytes)).rejects.toMatchObject(away);
    await expect(store.has(digest)).rejects.toMatchObject(away);
    await expect(store.touch(digest)).rejects.toMatchObject(away);
    await expect(store.get(digest)).rejects.toThrow("ECONNREFUSED");
  });

  it("is away for a moment: the request is repeated", async () => {
    let answerCount = 0;
    const { store } = await openFaked((response) => {
      answerCount += 1;
      if (answerCount === 1) response.destroy();
      else if (answerCount === 2) refuseS3(response, 503, "SlowDown");
      else response.end(bytes);
    });
    expect(await store.get(digest)).toEqual(bytes);
  });

  it("does not answer: a request ends at its timeout", async () => {
    const { fake, store } = await openFaked(() => undefined, { timeoutMs: 100, attemptCount: 2 });
    await expect(store.get(digest)).rejects.toThrow("failed 2 times, at last with no answer within 100 ms");
    expect(fake.requests).toHaveLength(2);
  });

  it("stops in the middle of a body, or says that it is longer than it is: that is no artifact", async () => {
    const stalls = (response: ServerResponse): void => {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 4));
    };
    const settings = { timeoutMs: 300, attemptCount: 2 };
    const { store } = await openFaked(stalls, settings);
    await expect(store.get(digest)).rejects.toThrow("a body that stalled for 300 ms");
    const { store: cut } = await openFaked((response) => {
      stalls(response);
      setImmediate(() => response.destroy());
    }, settings);
    await expect(cut.get(digest)).rejects.toMatchObject({ code: "SLIVER_STORE_AWAY" });
  });

  it("sends a body without a length, or something that is no S3: that is no artifact either", async () => {
    const { store } = await openFaked((response) => {
      response.write(bytes);
      response.end();
    });
    await expect(store.get(digest)).rejects.toThrow("an answer without a length");
    const { store: gateway } = await openFaked((response) => response.end("<html>Sign in</html>"), { attemptCount: 1 });
    await expect(gateway.touch(digest)).rejects.toThrow("an answer that is no list");
  });

  it("has an object larger than an artifact may be: its body is not read", async () => {
    const { fake, store } = await openFaked((response) => {
      response.writeHead(200, { "content-length": MAX_ARTIFACT_BYTES + 1 });
      response.write("x");
    });
    await expect(store.get(digest)).rejects.toMatchObject({ code: "SLIVER_TOO_LARGE" });
    expect(fake.requests).toHaveLength(1);
  });

  it("refuses: it is told at once, by what it said, and not by what it was sent", async () => {
    const { fake, store } = await openFaked((response) => refuseS3(response, 403, "AccessDenied"));
    await expect(store.get(digest)).rejects.toMatchObject({
      code: "SLIVER_STORE_REFUSED",
      message: expect.stringContaining("refuses to read in artifacts: AccessDenied (HTTP 403)"),
    });
    expect(fake.requests).toHaveLength(1);
    const { store: nowhere } = await openFaked((response) => refuseS3(response, 404, "NoSuchBucket"));
    const refused = { code: "SLIVER_STORE_REFUSED" };
    await expect(nowhere.get(digest)).rejects.toMatchObject(refused);
    await expect(nowhere.put(digest, bytes)).rejects.toMatchObject(refused);
    await expect(nowhere.touch(digest)).rejects.toMatchObject(refused);
  });
});

it("wrong credentials are refused, and nothing of them is in the error", async () => {
  const { settings } = await openS3Server();
  const unknown = openStore({ ...settings, accessKeyId: "AKIASTRANGER" });
  await expect(unknown.put(digest, bytes)).rejects.toMatchObject({
    code: "SLIVER_STORE_REFUSED",
    message: expect.stringContaining("InvalidAccessKeyId (HTTP 403)"),
  });
  // s3rver judges no signature. S3 says which text it would have signed, with the headers that it was sent.
  const { store } = await openFaked((response, request) => {
    refuseS3(response, 403, "SignatureDoesNotMatch", `<StringToSign>${request.headers.authorization}</StringToSign>`);
  });
  const error = (await store.get(digest).catch((thrown: unknown) => thrown)) as Error;
  expect(error.message).toContain("SignatureDoesNotMatch (HTTP 403)");
  expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/S3RVER|AWS4-HMAC/);
});

it("a search for credentials that does not end ends with the request's time", async () => {
  const { endpoint } = await openFakeS3(() => undefined);
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"])
    vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `${endpoint}/credentials`);
  vi.stubEnv("HOME", await temporaryDirectory());
  onTestFinished(() => void vi.unstubAllEnvs());
  const settings = { accessKeyId: null, secretAccessKey: null, timeoutMs: 100, attemptCount: 1 };
  const store = openStore({ ...s3Settings("http://127.0.0.1:9"), ...settings });
  await expect(store.get(digest)).rejects.toThrow("no answer within 100 ms");
});

it("a secret that cannot be read is told by its own error", async () => {
  const { settings } = await openS3Server();
  const unreadable = Object.assign(new Error("unreadable"), {
    [Symbol.for("nano.error")]: true,
    code: "KIT_SECRET_UNREADABLE",
  });
  const read = (): never => {
    throw unreadable;
  };
  await expect(openStore({ ...settings, secretAccessKey: { read } }).get(digest)).rejects.toBe(unreadable);
});

it("an object that was damaged in the bucket is refused, and replaced by the next put", async () => {
  const { settings, pathOf } = await openS3Server();
  const store = openStore(settings);
  await store.put(digest, bytes);
  for (const damaged of [bytes.subarray(0, 4), Buffer.alloc(bytes.length, "x")]) {
    await writeFile(pathOf(`${settings.prefix}${digest}`), damaged);
    await expect(store.get(digest)).rejects.toMatchObject({ code: "SLIVER_DIGEST_MISMATCH" });
    await store.put(digest, bytes);
    expect(await store.get(digest)).toEqual(bytes);
  }
});

it("an upload is sent as it is, under the digest that its signature covers", async () => {
  const fake = await openFakeS3((response) => response.end());
  await openBucket(s3Settings(fake.endpoint)).write("key", bytes);
  const [{ method, path, headers } = { method: "", path: "", headers: {} }] = fake.requests;
  expect([method, path.split("?")[0]]).toEqual(["PUT", "/artifacts/key"]);
  expect(headers).toMatchObject({ "content-length": `${bytes.length}`, "x-amz-content-sha256": digest });
  expect(headers).not.toHaveProperty("x-amz-trailer");
});

it("no more requests run at a time than may", async () => {
  const held: ServerResponse[] = [];
  const { fake, store } = await openFaked((response) => held.push(response), { concurrentCount: 3 });
  const got = Promise.all(Array.from({ length: 9 }, () => store.get(digest)));
  for (let round = 1; round <= 3; round++) {
    await eventually(() => held.length === 3);
    expect(fake.requests).toHaveLength(round * 3);
    for (const response of held.splice(0)) response.end(bytes);
  }
  expect((await got).every((each) => each?.equals(bytes))).toBe(true);
});

describe("a node's cache over a bucket", () => {
  const sample = createSampleSliver(50_000);
  const sliver = digestOf(sample.bytes);

  async function openCache(store: S3Store): Promise<NodeCache> {
    const directory = join(await temporaryDirectory(), "cache");
    return NodeCache.open({ directory, store, trustedKeys: () => sample.trustedKeys });
  }

  it("admits what is there, and says what is not", async () => {
    const { settings } = await openS3Server();
    const store = openStore(settings);
    await store.put(sliver, sample.bytes);
    const cache = await openCache(store);
    expect((await cache.admit(sliver)).manifest).toEqual(sample.parts.manifest);
    await expect(cache.admit(digest)).rejects.toMatchObject({ code: "SLIVER_NOT_FOUND" });
  });

  it("goes on with what it has while the bucket is away, and takes the rest when it is back", async () => {
    const { settings } = await openS3Server();
    const real = openStore(settings);
    await real.put(sliver, sample.bytes);
    let isAway = false;
    const cache = await openCache(
      Object.assign(Object.create(real) as S3Store, {
        get: (asked: typeof digest) =>
          isAway ? openStore(s3Settings("http://127.0.0.1:9")).get(asked) : real.get(asked),
      }),
    );
    const other = createSampleSliver(20_000, sample.key);
    await real.put(digestOf(other.bytes), other.bytes);
    await cache.admit(sliver);
    isAway = true;
    expect((await cache.admit(sliver)).digest).toBe(sliver);
    await expect(cache.admit(digestOf(other.bytes))).rejects.toMatchObject({ code: "SLIVER_STORE_AWAY" });
    isAway = false;
    expect((await cache.admit(digestOf(other.bytes))).digest).toBe(digestOf(other.bytes));
  });
});

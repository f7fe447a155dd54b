import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { defineConfig, loadConfig } from "@nano/service-kit/config";
import { Metrics } from "@nano/service-kit/metrics";
import { artifactStoreShape } from "@nano/sliver/artifact-store-settings";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { openSliverStore } from "@nano/sliver/open-sliver-store";
import { S3Store } from "@nano/sliver/s3-store";
import { digestOf } from "@nano/sliver/sliver-store";
import { expect, it } from "vitest";
import { openS3Server } from "./s3-server.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const definition = defineConfig("TEST", { store: artifactStoreShape });
const bytes = Buffer.from("an artifact");

function placeOf(env: Readonly<Record<string, string>>) {
  return loadConfig(definition, { env }).value.store;
}

it("a directory is named by one setting, a bucket by a few", async () => {
  const root = await temporaryDirectory();
  expect(await openSliverStore(placeOf({ TEST_STORE_DIRECTORY: root }))).toBeInstanceOf(DirectoryStore);
  const { settings } = await openS3Server();
  const secretFile = join(root, "secret");
  await writeFile(secretFile, "S3RVER\n");
  const metrics = new Metrics("test");
  const place = placeOf({
    TEST_STORE_S3_BUCKET: settings.bucket,
    TEST_STORE_S3_ENDPOINT: settings.endpoint ?? "",
    TEST_STORE_S3_REGION: "eu-west-1",
    TEST_STORE_S3_PATH_STYLE: "true",
    TEST_STORE_S3_ACCESS_KEY_ID: "S3RVER",
    TEST_STORE_S3_SECRET_ACCESS_KEY_FILE: secretFile,
  });
  const store = await openSliverStore(place, { metrics });
  expect(store).toBeInstanceOf(S3Store);
  await store.put(digestOf(bytes), bytes);
  expect(await store.get(digestOf(bytes))).toEqual(bytes);
  const shown = await metrics.registry.metrics();
  expect(shown).toMatch(/test_store_request_duration_seconds_count\{operation="read",outcome="ok"\} 1/);
  expect(shown).toMatch(/test_store_requests_running_count 0/);
  expect(shown).toMatch(/test_store_requests_waiting_count 0/);
});

it("neither, both, or half of a key are refused; where neither is named, a fallback may be", async () => {
  const root = await temporaryDirectory();
  const refused = { code: "SLIVER_STORE_SETTINGS" };
  await expect(openSliverStore(placeOf({}))).rejects.toMatchObject(refused);
  const both = placeOf({ TEST_STORE_DIRECTORY: root, TEST_STORE_S3_BUCKET: "artifacts" });
  await expect(openSliverStore(both, { fallbackDirectory: root })).rejects.toMatchObject(refused);
  const half = placeOf({ TEST_STORE_S3_BUCKET: "artifacts", TEST_STORE_S3_ACCESS_KEY_ID: "AKIA" });
  await expect(openSliverStore(half)).rejects.toMatchObject(refused);
  expect(await openSliverStore(placeOf({}), { fallbackDirectory: root })).toBeInstanceOf(DirectoryStore);
});

it("names that cannot be are refused before anything opens", () => {
  const env = { TEST_STORE_S3_BUCKET: "No/Bucket", TEST_STORE_S3_PREFIX: "/absolute", TEST_STORE_S3_ENDPOINT: "host" };
  expect(() => placeOf(env)).toThrow(/3 problems?/);
  expect(placeOf({ TEST_STORE_S3_BUCKET: "artifacts", TEST_STORE_S3_PREFIX: "cell/a/" }).s3.prefix).toBe("cell/a/");
});

it("an endpoint with credentials in it is refused, and not repeated", async () => {
  const env = { TEST_STORE_S3_BUCKET: "artifacts", TEST_STORE_S3_ENDPOINT: "https://key:secret@host" };
  const error = (await openSliverStore(placeOf(env)).catch((thrown: unknown) => thrown)) as Error;
  expect(error).toMatchObject({ code: "SLIVER_STORE_SETTINGS" });
  expect(error.message).not.toContain("secret");
});

it("the client of S3 is loaded where there is a bucket, and nowhere else", async () => {
  const root = await temporaryDirectory();
  const script = `
    import { registerHooks } from "node:module";
    let isLoaded = false;
    registerHooks({ load(url, context, next) { isLoaded ||= url.includes("client-s3"); return next(url, context); } });
    const { openSliverStore } = await import("@nano/sliver/open-sliver-store");
    const s3 = ${JSON.stringify({ ...placeOf({}).s3, region: "eu-west-1" })};
    await openSliverStore({ directory: ${JSON.stringify(root)}, s3 });
    const before = isLoaded;
    await openSliverStore({ directory: null, s3: { ...s3, bucket: "artifacts" } });
    process.stdout.write(JSON.stringify([before, isLoaded]));
  `;
  const directory = new URL(".", import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    cwd: directory,
  });
  expect(JSON.parse(stdout)).toEqual([false, true]);
});

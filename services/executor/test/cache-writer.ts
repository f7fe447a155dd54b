/** A process that keeps one response and is in the middle of another when it says so: for tests that kill it. */
import { defaultCacheApiConfig } from "../src/cache/cache-config.ts";
import { CacheStore } from "../src/cache/cache-store.ts";

const response = { status: 200, statusText: "", headers: "", url: "", isRedirected: false, hasBody: true };
const shared = { app: "app", cache: null, requestHeaders: "", response, storedAtMs: 1, expiresAtMs: null };
const store = await CacheStore.open({ config: defaultCacheApiConfig(process.argv[2] ?? "") });
const complete = await store.write({ ...shared, url: "https://a/complete" });
await complete.write(Buffer.from("whole"));
await complete.finish();
const cut = await store.write({ ...shared, url: "https://a/cut" });
await cut.write(Buffer.alloc(1_000_000));
process.send?.("writing");

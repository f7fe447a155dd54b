import type { AppName } from "@nano/protocol/brands";
import { registryPaths } from "@nano/protocol/registry-api";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalRouteHost, canonicalRoutePath } from "../src/catalog/route-map.ts";
import { openTestRegistry } from "./open-test-registry.ts";

const shop = "shop" as AppName;
const blog = "blog" as AppName;

async function openWithApps() {
  const opened = await openTestRegistry();
  for (const app of [shop, blog]) {
    const assets = await opened.api.uploadAssets(app);
    await opened.api.deployAs(app, { manifest: {}, assets, activate: true });
  }
  return opened;
}

test("the route map is replaced whole, in one event", async () => {
  const { api, store } = await openWithApps();
  await api.putRoutes({
    routes: [
      { host: "a.test", app: shop },
      { host: "b.test", path: "/x", app: shop },
    ],
  });
  const before = await store.loadSnapshot();
  await api.putRoutes({
    routes: [
      { host: "b.test", path: "/x", app: blog },
      { host: "*.c.test", app: shop },
    ],
  });
  const after = await store.loadSnapshot();
  expect(after.seq).toBe(before.seq + 1);
  expect((await api.send("GET", registryPaths.routes)).body).toEqual({
    routes: [
      { host: "*.c.test", path: "/", app: "shop" },
      { host: "b.test", path: "/x", app: "blog" },
    ],
  });
});

test("two routes that the router could not tell apart are refused, with both named", async () => {
  const { api } = await openWithApps();
  const routes = [
    { host: "Shop.Test.", path: "/a/", app: shop },
    { host: "shop.test", path: "/a", app: blog },
  ];
  expect(await api.putRoutes({ routes })).toMatchObject({
    code: "REGISTRY_DUPLICATE_ROUTE",
    httpStatus: 409,
    details: { first: { where: "routes[0]", app: "shop" }, second: { where: "routes[1]", app: "blog" } },
  });
  expect((await api.send("GET", registryPaths.routes)).body).toEqual({ routes: [] });
});

test("a route to an app that is not there is refused, and the map stays", async () => {
  const { api } = await openWithApps();
  await api.putRoutes({ routes: [{ host: "a.test", app: shop }] });
  const answer = await api.putRoutes({ routes: [{ host: "a.test", app: "nobody" as AppName }] });
  expect(answer).toMatchObject({ code: "REGISTRY_UNKNOWN_APP", details: { where: "routes[0]" } });
  expect((await api.send("GET", registryPaths.routes)).body).toMatchObject({ routes: [{ app: "shop" }] });
});

test.each([
  ["Shop.Example.COM.", "shop.example.com"],
  ["*.Example.com", "*.example.com"],
  ["bücher.example", "xn--bcher-kva.example"],
  ["[::1]", "[::1]"],
  ["127.0.0.1", "127.0.0.1"],
  ["a。test。", "a.test"],
])("host %s is stored as %s", (host, stored) => {
  expect(canonicalRouteHost(host)).toBe(stored);
});

test.each([
  "a.test:80",
  "a/b",
  "user@a",
  "*",
  "a.*.test",
  "",
  ".",
  "a b",
  "[::1",
  "*.[::1]",
  "::1",
  "a?b",
  "%61",
  "a..",
  "a.test。。",
])("host %j is refused", (host) => {
  expect(canonicalRouteHost(host)).toBeNull();
});

test.each([
  ["/", "/"],
  ["/api/", "/api"],
  ["/a b", "/a%20b"],
  ["/ü", "/%C3%BC"],
  ["/%c3%bc", "/%C3%BC"],
  ["/a%2fb", "/a%2Fb"],
])("path %s is stored as %s", (path, stored) => {
  expect(canonicalRoutePath(path)).toBe(stored);
});

test.each([
  "api",
  "/a//b",
  "/a/../b",
  "/./a",
  "/%2e%2e/a",
  "/a?b",
  "/a#b",
  "/a\\b",
  "//",
  "/%61",
  "/%7E",
  "/100%",
  "/%zz",
])("path %j is refused", (path) => {
  expect(canonicalRoutePath(path)).toBeNull();
});

test("what is stored is stored unchanged when it is given again", () => {
  fc.assert(
    fc.property(fc.webUrl(), fc.string(), (url, text) => {
      for (const host of [new URL(url).hostname, text]) {
        const stored = canonicalRouteHost(host);
        if (stored !== null) expect(canonicalRouteHost(stored)).toBe(stored);
      }
      for (const path of [new URL(url).pathname, `/${text}`]) {
        const stored = canonicalRoutePath(path);
        if (stored !== null) expect(canonicalRoutePath(stored)).toBe(stored);
      }
    }),
  );
});

test("an app is made without a version once, and routes lead to it before anything of it is built", async () => {
  const { api } = await openWithApps();
  const made = {
    name: "empty",
    activeVersion: null,
    previousVersion: null,
    rollout: null,
    pendingVersions: [],
    versionCount: 0,
    hasSecrets: false,
  };
  const path = registryPaths.app("empty" as AppName);
  expect(await api.send("PUT", path)).toEqual({ status: 200, body: made });
  expect(await api.putRoutes({ routes: [{ host: "a.test", app: "empty" as AppName }] })).toMatchObject({
    routes: [{ app: "empty" }],
  });
  const assets = await api.uploadAssets("empty");
  const { version } = await api.deployAs("empty", { manifest: {}, assets, activate: true });
  expect((await api.send("PUT", path)).body).toMatchObject({ activeVersion: version, versionCount: 1 });
});

test("the routes of an app are replaced whole, and those of others stay", async () => {
  const { api } = await openWithApps();
  await api.putRoutes({ routes: [{ host: "blog.test", app: blog }] });
  const put = (routes: object[]) => api.send("PUT", registryPaths.appRoutes(shop), { body: { routes } });
  const whole = { routes: [{ host: "shop.test", path: "/", app: shop }] };
  await put([{ host: "old.test" }, { host: "Shop.Test." }]);
  expect(await put([{ host: "Shop.Test." }])).toEqual({ status: 200, body: whole });
  expect((await api.send("GET", registryPaths.appRoutes(shop))).body).toEqual(whole);
  expect((await api.send("GET", registryPaths.routes)).body).toMatchObject({
    routes: [
      { host: "blog.test", app: blog },
      { host: "shop.test", app: shop },
    ],
  });
});

test("a route that another app has is refused, and names that app to those alone who may know of it", async () => {
  const { api } = await openWithApps();
  await api.putRoutes({ routes: [{ host: "taken.test", path: "/x", app: blog }] });
  const body = { routes: [{ host: "free.test" }, { host: "Taken.test", path: "/x/" }] };
  const refused = await api.send("PUT", registryPaths.appRoutes(shop), { body });
  const where = { where: "routes[1]", route: "taken.test/x" };
  expect(refused).toMatchObject({
    status: 409,
    body: { code: "REGISTRY_ROUTE_TAKEN", details: { ...where, app: blog } },
  });
  const made = await api.send("POST", registryPaths.tokens, { body: { name: "ci", role: "deployer", apps: [shop] } });
  const deployer = api.as((made.body as { token: string }).token);
  const told = await deployer.send("PUT", registryPaths.appRoutes(shop), { body });
  expect(told).toMatchObject({ status: 409, body: { details: { ...where, app: null } } });
  expect(JSON.stringify(told)).not.toContain(blog);
  expect((await api.send("GET", registryPaths.appRoutes(shop))).body).toEqual({ routes: [] });
});

test("routes of an app that is not there are refused", async () => {
  const { api } = await openTestRegistry();
  const answer = await api.send("PUT", registryPaths.appRoutes(shop), { body: { routes: [{ host: "a.test" }] } });
  expect(answer).toMatchObject({ status: 404, body: { code: "REGISTRY_NOT_FOUND" } });
});

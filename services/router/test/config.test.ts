import { loadConfig } from "@nano/service-kit/config";
import { expect, test } from "vitest";
import { routerConfig } from "../src/config.ts";

function load(env: Record<string, string>) {
  return loadConfig(routerConfig, { env: { ROUTER_CONTROL_STORE_SOCKET_PATH: "/store.sock", ...env } }).value;
}

test("nobody is trusted, TLS and the PROXY protocol are off, and nothing is kept unless it is said", () => {
  const { listen, tls, routes } = load({});
  expect(listen).toMatchObject({ trustedProxies: [], proxyProtocol: false });
  expect([tls.directory, routes.snapshotPath]).toEqual([null, null]);
});

test("ranges and header names are read from lists", () => {
  const { listen } = load({
    ROUTER_LISTEN_TRUSTED_PROXIES: "10.0.0.0/8, fd00::/8,192.0.2.1",
    ROUTER_LISTEN_FORWARDED_HEADERS: "X-Forwarded-For, x-forwarded-proto",
  });
  expect(listen.trustedProxies).toEqual(["10.0.0.0/8", "fd00::/8", "192.0.2.1"]);
  expect(listen.forwardedHeaders).toEqual(["x-forwarded-for", "x-forwarded-proto"]);
});

test.each([
  ["ROUTER_LISTEN_TRUSTED_PROXIES", "10.0.0.0/33"],
  ["ROUTER_LISTEN_TRUSTED_PROXIES", "10.0.0.0/8, proxy.example"],
  ["ROUTER_LISTEN_FORWARDED_HEADERS", "cf-connecting-ip"],
  ["ROUTER_LISTEN_FORWARDED_HEADERS", "forwarded, x-forwarded-for"],
])("%s=%s does not start", (name, value) => {
  expect(() => load({ [name]: value })).toThrow(expect.objectContaining({ code: "KIT_CONFIG_INVALID" }));
});

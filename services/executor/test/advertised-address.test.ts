import type { NetworkInterfaceInfo } from "node:os";
import { expect, test } from "vitest";
import { resolveAdvertisedAddress } from "../src/control/advertised-address.ts";

const interfaces = {
  lo: [{ address: "127.0.0.1", family: "IPv4", internal: true }],
  eth0: [
    { address: "fe80::1", family: "IPv6", internal: false },
    { address: "fd00::7", family: "IPv6", internal: false },
    { address: "10.1.2.3", family: "IPv4", internal: false },
  ],
} as unknown as NodeJS.Dict<NetworkInterfaceInfo[]>;

test.each([
  ["0.0.0.0:7000", null, "10.1.2.3:7000"],
  ["[::]:7000", null, "10.1.2.3:7000"],
  ["10.9.9.9:7000", null, "10.9.9.9:7000"],
  ["[fd00::9]:41000", null, "[fd00::9]:41000"],
  ["0.0.0.0:41000", "executor-1", "executor-1:41000"],
  ["0.0.0.0:41000", "executor-1:80", "executor-1:80"],
  ["[::]:41000", "fd00::9", "[fd00::9]:41000"],
  ["[::]:41000", "[fd00::9]:80", "[fd00::9]:80"],
])("of %s with %s configured routers dial %s", (bound, configured, expected) => {
  expect(resolveAdvertisedAddress(bound, { configured, interfaces })).toBe(expected);
});

test("a host without an address of its own has none to advertise, unless it has IPv6 and is bound to it", () => {
  const { lo = [], eth0 = [] } = interfaces;
  expect(resolveAdvertisedAddress("0.0.0.0:1", { configured: null, interfaces: { lo } })).toBeNull();
  const ipv6 = { eth0: eth0.slice(0, 2) };
  expect(resolveAdvertisedAddress("0.0.0.0:1", { configured: null, interfaces: ipv6 })).toBeNull();
  expect(resolveAdvertisedAddress("[::]:1", { configured: null, interfaces: ipv6 })).toBe("[fd00::7]:1");
});

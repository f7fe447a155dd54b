import { describe, expect, it } from "vitest";
import { createAddressGuard } from "../src/egress/address-guard.ts";

const guard = createAddressGuard([]);

describe("address guard", () => {
  it.each([
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["::1", "loopback"],
    ["0.0.0.0", "unspecified"],
    ["0.1.2.3", "unspecified"],
    ["::", "unspecified"],
    ["10.1.2.3", "private"],
    ["172.16.0.1", "private"],
    ["172.31.255.255", "private"],
    ["192.168.1.1", "private"],
    ["169.254.1.1", "link-local"],
    ["169.254.169.254", "metadata"],
    ["168.63.129.16", "metadata"],
    ["fe80::1", "link-local"],
    ["100.64.0.1", "carrier-grade"],
    ["100.100.100.200", "carrier-grade"],
    ["224.0.0.1", "multicast"],
    ["ff02::1", "multicast"],
    ["255.255.255.255", "broadcast"],
    ["240.0.0.1", "reserved"],
    ["192.0.0.192", "reserved"],
    ["192.0.2.1", "reserved"],
    ["198.18.0.1", "reserved"],
    ["198.51.100.1", "reserved"],
    ["203.0.113.1", "reserved"],
    ["fc00::1", "unique-local"],
    ["fd00:ec2::254", "unique-local"],
    ["fec0::1", "reserved"],
    ["2001:db8::1", "reserved"],
    ["3fff::1", "reserved"],
    ["100::1", "reserved"],
    ["4000::1", "reserved"],
    ["5f00::1", "reserved"],
    ["64:ff9b:1::a00:1", "reserved"],
    ["2002:7f00:1::", "6to4"],
    ["2002:a00:1::1", "6to4"],
    ["2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"],
    ["not an address", "reserved"],
    ["", "reserved"],
  ])("refuses %s as %s", (address, rule) => {
    expect(guard.check(address)).toContain(rule);
  });

  it.each([
    ["::ffff:127.0.0.1", "loopback"],
    ["::ffff:7f00:1", "loopback"],
    ["::ffff:10.0.0.1", "private"],
    ["::7f00:1", "loopback"],
    ["::a00:1", "private"],
    ["::ffff:0:7f00:1", "loopback"],
    ["64:ff9b::7f00:1", "loopback"],
    ["64:ff9b::a9fe:a9fe", "metadata"],
    ["64:ff9b::c0a8:101", "private"],
    ["2a00::5efe:a00:1", "private"],
    ["2a00::200:5efe:7f00:1", "loopback"],
  ])("judges %s by the IPv4 address that it carries: %s", (address, rule) => {
    expect(guard.check(address)).toContain(rule);
  });

  it.each(["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])(
    "allows the public address %s",
    (address) => {
      expect(guard.check(address)).toBeNull();
    },
  );

  it("allows what the operator's ranges hold, mapped forms included, and nothing beside them", () => {
    const opened = createAddressGuard(["127.0.0.0/8", "fd00::/8"]);
    expect(opened.check("127.0.0.1")).toBeNull();
    expect(opened.check("::ffff:127.0.0.1")).toBeNull();
    expect(opened.check("fd12::1")).toBeNull();
    expect(opened.check("10.0.0.1")).toContain("private");
    expect(opened.check("::1")).toContain("loopback");
  });

  it.each(["10.0.0.0", "10.0.0.0/33", "ten/8", "::ffff:10.0.0.0/104"])("refuses the range %s at start", (range) => {
    expect(() => createAddressGuard([range])).toThrow(/allowedRanges\[0\] is wrong/);
  });
});

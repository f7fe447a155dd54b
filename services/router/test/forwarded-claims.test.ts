import fc from "fast-check";
import { expect, test } from "vitest";
import { type Claims, resolveClaims } from "../src/request/forwarded-claims.ts";
import { canonicalAddress, parseTrustedRange, TrustedProxies } from "../src/request/trusted-proxies.ts";

const trusted = new TrustedProxies(["10.0.0.0/8", "fd00::/8"]);
const resolve = (claims: Claims) => resolveClaims(claims, { peerAddress: "10.0.0.1", trusted });

test.each<[string, Claims, string[]]>([
  ["one client", { "x-forwarded-for": "1.2.3.4" }, ["1.2.3.4", "10.0.0.1"]],
  [
    "a chain of proxies",
    { "x-forwarded-for": "1.2.3.4, 10.9.9.9,fd00::1" },
    ["1.2.3.4", "10.9.9.9", "fd00::1", "10.0.0.1"],
  ],
  ["what the client wrote before", { "x-forwarded-for": "8.8.8.8, 10.0.0.5, 1.2.3.4" }, ["1.2.3.4", "10.0.0.1"]],
  ["only proxies", { "x-forwarded-for": "10.0.0.3, 10.0.0.2" }, ["10.0.0.3", "10.0.0.2", "10.0.0.1"]],
  [
    "ports and brackets",
    { "x-forwarded-for": "[2001:db8::1]:443, 10.0.0.2:80" },
    ["2001:db8::1", "10.0.0.2", "10.0.0.1"],
  ],
  ["IPv4 in IPv6", { "x-forwarded-for": "::ffff:1.2.3.4" }, ["1.2.3.4", "10.0.0.1"]],
  ["nonsense", { "x-forwarded-for": "1.2.3.4, unknown, 10.0.0.2" }, ["10.0.0.2", "10.0.0.1"]],
  ["nothing", { "x-forwarded-for": " , ," }, ["10.0.0.1"]],
  ["half a Forwarded", { forwarded: 'for=1.2.3.4, for="1.2' }, ["10.0.0.1"]],
  ["a name in Forwarded", { forwarded: "for=_hidden" }, ["10.0.0.1"]],
])("the hops of %s", (_what, claims, hops) => {
  expect(resolve(claims).hops).toEqual(hops);
});

test("scheme and host are those that the client's proxy wrote", () => {
  const claims = {
    "x-forwarded-for": "6.6.6.6, 1.2.3.4, 10.0.0.2",
    "x-forwarded-proto": "ftp, https, http",
    "x-forwarded-host": "evil, right, inner",
  };
  expect(resolve(claims)).toMatchObject({ scheme: "https", host: "right" });
  expect(resolve({ ...claims, "x-forwarded-proto": "wss", "x-forwarded-host": "one" })).toMatchObject({
    scheme: "https",
    host: "one",
  });
  expect(resolve({ "x-forwarded-proto": "https" })).toEqual({ hops: ["10.0.0.1"], scheme: "https", host: null });
  expect(resolve({ "x-forwarded-proto": "gopher" }).scheme).toBeNull();
  expect(resolve({ forwarded: 'FOR="[2001:db8::1]"; Proto=HTTPS ;host="a\\"b"' })).toMatchObject({
    scheme: "https",
    host: 'a"b',
  });
});

const anything = fc.string({ unit: "binary-ascii", maxLength: 60 });
const untrustedAddress = fc.oneof(fc.ipV4(), fc.ipV6()).filter((text) => {
  const address = canonicalAddress(text);
  return address !== null && !trusted.includes(address);
});
const proxyAddress = fc.nat(0xffffff).map((bits) => `10.${bits >> 16}.${(bits >> 8) & 255}.${bits & 255}`);

test("whatever a client wrote, the address that its proxy saw is the client's", () => {
  fc.assert(
    fc.property(anything, untrustedAddress, fc.array(proxyAddress, { maxLength: 5 }), (own, client, proxies) => {
      const { hops } = resolve({ "x-forwarded-for": [own, client, ...proxies].join(", ") });
      expect(hops).toEqual([canonicalAddress(client), ...proxies, "10.0.0.1"]);
    }),
  );
});

test("no text makes it throw, or take long", () => {
  const pieces = fc.array(
    fc.constantFrom("for=", '"', "\\", ",", ";", "proto=", "1.2.3.4", "[", "]", ":", " ", "=", "x"),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        anything,
        pieces.map((parts) => parts.join("")),
      ),
      (text) => {
        expect(resolve({ forwarded: text }).hops.at(-1)).toBe("10.0.0.1");
        expect(resolve({ "x-forwarded-for": text }).hops.at(-1)).toBe("10.0.0.1");
      },
    ),
    { numRuns: 500 },
  );
  for (const text of [
    ",".repeat(32_000),
    "for=1;".repeat(5_000),
    `"${"\\".repeat(32_000)}`,
    "10.0.0.1,".repeat(3_500),
  ]) {
    const before = process.cpuUsage();
    resolve({ forwarded: text });
    resolve({ "x-forwarded-for": text });
    expect(process.cpuUsage(before).user).toBeLessThan(200_000);
  }
});

test.each([
  ["10.0.0.0/8", "10.255.0.1", true],
  ["10.0.0.0/8", "11.0.0.1", false],
  ["::ffff:10.0.0.0/104", "10.1.2.3", true],
  ["10.1.2.3", "10.1.2.3", true],
  ["10.1.2.3", "10.1.2.4", false],
  ["fd00::/8", "fd12::1", true],
  ["::/0", "10.0.0.1", false],
  ["0.0.0.0/0", "8.8.8.8", true],
])("%s has %s in it: %j", (range, address, isIn) => {
  expect(new TrustedProxies([range]).includes(address)).toBe(isIn);
});

test.each([
  "",
  "10.0.0.0/33",
  "10.0.0/8",
  "::/129",
  "10.0.0.0/8/8",
  "host.example",
  "10.0.0.0/-1",
  "10.0.0.0/",
  "0x7f.1",
])("%j is no range", (text) => {
  expect(parseTrustedRange(text)).toBeNull();
});

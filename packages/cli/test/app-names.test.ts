import { isAppName } from "@nano/protocol/brands";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nameApps } from "../src/config/app-names.ts";

describe("names of apps", () => {
  test("come from hostname and path", () => {
    expect(
      nameApps([
        { hostname: "hello.localhost", path: "/" },
        { hostname: "shop.example.com", path: "/" },
        { hostname: "shop.example.com", path: "/api/v1" },
        { hostname: "*.example.com", path: "/" },
        { hostname: "[::1]", path: "/" },
      ]),
    ).toEqual(["hello", "shop.example.com", "shop.example.com-api-v1", "any.example.com", "1"]);
  });

  test("are told apart where they would be the same, whatever their order", () => {
    const one = { hostname: "a.localhost", path: "/b-c" };
    const two = { hostname: "a.localhost", path: "/b/c" };
    const [first, second] = nameApps([one, two]);
    expect(first).not.toBe(second);
    expect(nameApps([two, one])).toEqual([second, first]);
  });

  test("are app names, each of its own, for any places", () => {
    const served = fc.record({ hostname: fc.string({ maxLength: 90 }), path: fc.string({ maxLength: 90 }) });
    fc.assert(
      fc.property(fc.uniqueArray(served, { selector: (each) => each.hostname + each.path }), (places) => {
        const names = nameApps(places);
        expect(names.every(isAppName)).toBe(true);
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });
});

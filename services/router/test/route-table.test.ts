import fc from "fast-check";
import { expect, test } from "vitest";
import { RouteTable } from "../src/request/route-table.ts";

function tableOf(...routes: string[]): RouteTable<string> {
  return new RouteTable(
    routes.map((route) => {
      const slash = route.indexOf("/");
      return { host: route.slice(0, slash), path: route.slice(slash), target: route };
    }),
  );
}

test("prefixes match on segment borders, the longest one wins", () => {
  const table = tableOf("a.example/", "a.example/api", "a.example/api/v1/users");
  const find = (path: string): string | null => table.find("a.example", path);
  expect(find("/api")).toBe("a.example/api");
  expect(find("/api/")).toBe("a.example/api");
  expect(find("/api/x")).toBe("a.example/api");
  expect(find("/apix")).toBe("a.example/");
  expect(find("/api/v1")).toBe("a.example/api");
  expect(find("/api/v1/users/7")).toBe("a.example/api/v1/users");
  expect(find("//api")).toBe("a.example/");
  expect(find("/")).toBe("a.example/");
});

test("a host without a route for the path has none", () => {
  const table = tableOf("a.example/api");
  expect(table.find("a.example", "/")).toBeNull();
  expect(table.find("a.example", "/other")).toBeNull();
  expect(table.find("b.example", "/api")).toBeNull();
});

test("an exact host goes before a wildcard, a longer wildcard before a shorter one, and what they lack is looked for in the next", () => {
  const table = tableOf("*.example/", "*.b.example/", "a.b.example/", "c.b.example/only");
  expect(table.find("a.b.example", "/")).toBe("a.b.example/");
  expect(table.find("x.b.example", "/")).toBe("*.b.example/");
  expect(table.find("y.x.b.example", "/")).toBe("*.b.example/");
  expect(table.find("x.example", "/")).toBe("*.example/");
  expect(table.find("c.b.example", "/only/x")).toBe("c.b.example/only");
  expect(table.find("c.b.example", "/else")).toBe("*.b.example/");
  expect(table.find("example", "/")).toBeNull();
});

test("the table agrees with trying every route in turn", () => {
  const segment = fc.constantFrom("a", "b", "api", "apix", "");
  const path = fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
  const routePath = fc
    .array(fc.constantFrom("a", "b", "api", "apix"), { maxLength: 3 })
    .map((parts) => `/${parts.join("/")}`);
  fc.assert(
    fc.property(fc.uniqueArray(routePath, { maxLength: 8 }), path, (prefixes, asked) => {
      const table = new RouteTable(prefixes.map((prefix) => ({ host: "h", path: prefix, target: prefix })));
      const expected = prefixes
        .filter((prefix) => prefix === "/" || asked === prefix || asked.startsWith(`${prefix}/`))
        .sort((x, y) => y.length - x.length)[0];
      expect(table.find("h", asked)).toBe(expected ?? null);
    }),
    { numRuns: 1000 },
  );
});

test("a lookup does not grow with the number of routes, nor with the segments of a hostile path", () => {
  const routes = Array.from({ length: 50_000 }, (_, index) => ({
    host: `h${index}.example`,
    path: "/api",
    target: index,
  }));
  const table = new RouteTable([...routes, { host: "*.wild.example", path: "/", target: -1 }]);
  const hostilePath = "/a".repeat(8000);
  const hostileHost = `${"a.".repeat(120)}wild.example`;
  const startedMs = performance.now();
  for (let count = 0; count < 10_000; count += 1) {
    table.find(`h${count}.example`, "/api/x/y");
    table.find("h1.example", hostilePath);
    table.find(hostileHost, hostilePath);
  }
  // 30,000 lookups of a few microseconds; linear work in routes or segments would take minutes.
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  expect(table.routeCount).toBe(50_001);
});

test("a route that is set again leads elsewhere, and one that is deleted nowhere", () => {
  const table = new RouteTable<string>();
  table.set("a.example", "/api", "first");
  table.set("a.example", "/api/", "second");
  table.set("*.example", "/", "wild");
  expect([table.routeCount, table.find("a.example", "/api/x")]).toEqual([2, "second"]);
  table.delete("a.example", "/api");
  table.delete("a.example", "/nothing");
  expect([table.routeCount, table.find("a.example", "/api/x")]).toEqual([1, "wild"]);
});

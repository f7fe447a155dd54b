import type { AppName } from "@nano/protocol/brands";
import type { Route } from "@nano/protocol/registry-api";
import { expect, test } from "vitest";
import { interimRoutes } from "../src/run/interim-routes.ts";

/** `host/path app`, for each. Apps whose name ends with `!` have no version yet. */
function routesOf(...lines: string[]): Route[] {
  return lines.map((line) => {
    const [place = "", app = ""] = line.split(" ");
    const slash = place.indexOf("/");
    return { host: place.slice(0, slash), path: place.slice(slash), app: app as AppName };
  });
}

function interim(before: string[], wanted: string[]): string[] {
  const routes = interimRoutes(routesOf(...before), routesOf(...wanted), (app) => !app.endsWith("!"));
  return routes.map(({ host, path, app }) => `${host}${path} ${app}`).toSorted();
}

test.each<[string, string[], string[], string[]]>([
  ["apps that all serve have their routes at once", ["a/ x", "b/ y"], ["a/ y"], ["a/ y"]],
  ["a host that is new leads to its app, built or not", [], ["a/ x!"], ["a/ x!"]],
  ["an app that is not built does not take a host", ["a/ x"], ["a/ y!"], ["a/ x"]],
  ["nor a path below", ["a/ x"], ["a/ x", "a/b y!"], ["a/ x"]],
  ["nor a path below a path", ["a/b x"], ["a/b x", "a/b/c y!"], ["a/b x"]],
  ["but one beside", ["a/b x"], ["a/b x", "a/bc y!"], ["a/b x", "a/bc y!"]],
  ["and one above, which takes nothing", ["a/b x"], ["a/b x", "a/ y!"], ["a/ y!", "a/b x"]],
  ["nor a host of a wildcard", ["*.a/ x"], ["*.a/ x", "b.a/ y!"], ["*.a/ x"]],
  ["nor one whose path the wildcard goes below", ["*.a/c x"], ["*.a/c x", "b.a/ y!"], ["*.a/c x"]],
  ["nor a longer wildcard", ["*.a/ x"], ["*.a/ x", "*.b.a/ y!"], ["*.a/ x"]],
  ["but a wildcard behind a host", ["b.a/ x"], ["b.a/ x", "*.a/ y!"], ["*.a/ y!", "b.a/ x"]],
  ["and a host that only ends alike", ["*.a/ x"], ["*.a/ x", "ba/ y!"], ["*.a/ x", "ba/ y!"]],
  ["what is not wanted any more goes on until all is there", ["*.a/ x", "c/ z"], ["b.a/ y!"], ["*.a/ x", "c/ z"]],
  ["what serves already moves at once", ["a/ x", "b/ y"], ["a/ y", "b/ y", "c/ z!"], ["a/ y", "b/ y", "c/ z!"]],
  ["an app that never was built keeps what it has", ["a/ x", "a/b y!"], ["a/ x", "a/b y!"], ["a/ x", "a/b y!"]],
  ["one that was never built is in nobody's way", ["a/ x!"], ["a/ y!"], ["a/ y!"]],
])("%s", (_what, before, wanted, expected) => {
  expect(interim(before, wanted)).toEqual(expected);
});

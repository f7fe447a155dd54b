import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { limitedNode } from "../src/limited-node.ts";

const SHOW = `const { readFileSync } = require("node:fs");
  const found = { argv: process.argv.slice(1), env: Object.keys(process.env), argv0: process.argv0 };
  found.limits = readFileSync("/proc/self/limits", "latin1");
  found.filter = Number.parseInt(readFileSync("/proc/self/coredump_filter", "latin1"), 16);
  process.stdout.write(JSON.stringify(found));`;

function show(descriptorCount: number, ...rest: string[]) {
  const { file, args } = limitedNode({ descriptorCount }, ["-e", SHOW, ...rest]);
  return JSON.parse(execFileSync(file, args, { env: { KEPT: "1" }, cwd: "/", encoding: "utf8" })) as {
    argv: string[];
    env: string[];
    argv0: string;
    limits: string;
    filter: number;
  };
}

test("a limited Node leaves no core dump, has a ceiling on descriptors, and nothing in its environment but what it was given", () => {
  const found = show(333, "a b", "$(x)");
  expect(found.limits).toMatch(/^Max core file size +0 +0 /m);
  expect(found.limits).toMatch(/^Max open files +333 +333 /m);
  expect(found.filter).toBe(0);
  expect(found.env.filter((name) => name !== "_")).toEqual(["KEPT"]);
  expect([found.argv, found.argv0]).toEqual([["a b", "$(x)"], process.execPath]);
});

test("a ceiling above that of the system leaves the system's, and Node starts", () => {
  const found = show(2 ** 40);
  expect(found.limits).toMatch(/^Max core file size +0 +0 /m);
  expect(found.limits).toMatch(/^Max open files +\d+ +\d+ /m);
});

import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { ExitCode } from "../src/exit-codes.ts";
import { createUser, HELLO, openCluster, writeApp } from "./cluster-harness.ts";

const ASSETS = { "assets/index.html": "<p>hi</p>" };

test("an app is bundled, uploaded, built, routed and served; its URLs and the time of each step are told", async () => {
  const { socket } = await openCluster(async (_, report) => {
    report({ type: "log", level: "warn", text: "Math.random() at init: every restore shares it\u001b[2J" });
    return null;
  });
  const { nanoctl } = createUser();
  const directory = writeApp("blog", { ...HELLO, "nano.json": '{ "routes": ["blog.example.com/a"] }' });
  const { exitCode, stdout, stderr } = await nanoctl(["deploy", directory, "--url", socket]);
  expect([exitCode, stderr]).toEqual([ExitCode.OK, ""]);
  const steps = [...stdout.matchAll(/^✓ ([a-z ]+) \(\d+(?:\.\d+)? m?s/gm)].map(([, step]) => step);
  // A first version serves before routes lead to it: they may take over what another app answers.
  expect(steps).toEqual(["bundling", "uploading", "building", "activating", "setting routes"]);
  expect(stdout).toContain("blog (build) | Math.random() at init: every restore shares it\\x1b[2J");
  expect(stdout).toContain("starts from heap");
  expect(stdout).toMatch(
    /✓ blog: v[0-9a-f]{16} serves\n {2}https:\/\/blog\.example\.com\/a\nNo executor is there yet: requests get 503 until one is\n$/,
  );
  expect((await nanoctl(["apps", "--url", socket])).stdout).toMatch(/^blog +v[0-9a-f]{16} +1$/m);
});

test("the same again uploads and builds nothing; another route is added to those that it has", async () => {
  let buildCount = 0;
  const { socket } = await openCluster(async () => {
    buildCount += 1;
    return null;
  });
  const { nanoctl } = createUser();
  const directory = writeApp("blog", { ...HELLO, ...ASSETS });
  const deploy = async (route: string) => {
    const { stdout } = await nanoctl(["deploy", directory, "--url", socket, "--json", "--route", route]);
    return JSON.parse(stdout);
  };
  const first = await deploy("a.example.com");
  const second = await deploy("*.b.localhost/x");
  expect(second.version).toBe(first.version);
  expect(second.urls.toSorted()).toEqual(["http://any.b.localhost/x", "https://a.example.com/"]);
  expect(second.steps.map(({ name }: { name: string }) => name)).toEqual(["bundling", "uploading", "setting routes"]);
  expect(buildCount).toBe(1);
});

test("a build that fails changes nothing: what serves serves on, and the code is that of an error", async () => {
  let isBroken = false;
  const { socket } = await openCluster(async () => {
    if (!isBroken) return null;
    const details = { file: "index.ts", line: 3, column: 1 };
    const error = { code: "BUILD_INIT_THREW", message: "Init threw", details } as const;
    return {
      type: "failed",
      error: { ...error, fault: "tenant", retryable: false, httpStatus: 422, reason: "build_failed" },
    };
  });
  const { nanoctl } = createUser();
  const directory = writeApp("blog", HELLO);
  await nanoctl(["deploy", directory, "--url", socket]);
  const before = JSON.parse((await nanoctl(["apps", "--url", socket, "--json"])).stdout);
  isBroken = true;
  const broken = writeApp("blog", { "index.js": `${HELLO["index.js"]}//` });
  const ended = await nanoctl(["deploy", broken, "--url", socket, "--route", "blog.example.com"]);
  expect(ended.exitCode).toBe(ExitCode.ERROR);
  expect(ended.stdout).toMatch(
    /✗ blog: v[0-9a-f]{16} was not built, what serves serves on\n +Init threw\n +at index.ts:3:1/,
  );
  const after = JSON.parse((await nanoctl(["apps", "--url", socket, "--json"])).stdout);
  expect(after.apps[0].activeVersion).toBe(before.apps[0].activeVersion);
  expect((await nanoctl(["routes", "--url", socket])).stdout).toBe("No routes\n");
});

test("an app whose first version fails serves nothing yet", async () => {
  const error = { code: "BUILD_INIT_THREW", message: "Init threw", details: {}, fault: "tenant" } as const;
  const { socket } = await openCluster(async () => ({
    type: "failed",
    error: { ...error, retryable: false, httpStatus: 422, reason: "build_failed" },
  }));
  const { stdout } = await createUser().nanoctl(["deploy", writeApp("blog", HELLO), "--url", socket]);
  expect(stdout).toMatch(/✗ blog: v[0-9a-f]{16} was not built, nothing serves yet\n/);
});

test("of two deploys at once the one that is built first serves, and the other is told so", async () => {
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  let buildCount = 0;
  const { socket } = await openCluster(async () => {
    buildCount += 1;
    if (buildCount === 1) return null;
    begun.resolve();
    await held.promise;
    return null;
  });
  const { nanoctl } = createUser();
  const quick = writeApp("blog", { "index.js": `${HELLO["index.js"]}//` });
  const { version } = JSON.parse((await nanoctl(["deploy", quick, "--url", socket, "--no-activate", "--json"])).stdout);
  const slow = nanoctl(["deploy", writeApp("blog", HELLO), "--url", socket]);
  await begun.promise;
  expect((await nanoctl(["deploy", quick, "--url", socket])).exitCode).toBe(ExitCode.OK);
  held.resolve();
  const told = await slow;
  expect(told.exitCode).toBe(ExitCode.ERROR);
  expect(told.stderr).toContain(`Version ${version} of app blog was activated meanwhile and serves`);
  expect(JSON.parse((await nanoctl(["apps", "--url", socket, "--json"])).stdout).apps[0].activeVersion).toBe(version);
});

test("a deploy goes on over a registry that is restarted while it builds", async () => {
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const { url, token, restart } = await openCluster(async () => {
    begun.resolve();
    await held.promise;
    return null;
  });
  const { nanoctl } = createUser();
  const env = { NANO_URL: url, NANO_TOKEN: token };
  const deploying = nanoctl(["deploy", writeApp("blog", HELLO)], { env });
  await begun.promise;
  await restart();
  held.resolve();
  const { exitCode, stdout } = await deploying;
  expect(exitCode).toBe(ExitCode.OK);
  expect(stdout).toMatch(/✓ blog: v[0-9a-f]{16} serves/);
});

test("Ctrl-C while it builds changes nothing for clients", async () => {
  const held = Promise.withResolvers<void>();
  const { socket } = await openCluster(async (_, report) => {
    report({ type: "log", level: "info", text: "begun" });
    await held.promise;
    return null;
  });
  const { nanoctl } = createUser();
  const ended = await nanoctl(["deploy", writeApp("blog", HELLO), "--url", socket, "--route", "blog.example.com"], {
    onOutput: (stdout) => {
      if (stdout.endsWith("begun\n")) process.emit("SIGINT");
    },
  });
  held.resolve();
  expect([ended.exitCode, ended.stderr]).toEqual([
    ExitCode.INTERRUPTED,
    "Interrupted: nothing has changed for clients\n",
  ]);
  await eventually(async () => {
    const { versions } = JSON.parse((await nanoctl(["versions", "blog", "--url", socket, "--json"])).stdout);
    return versions[0].state === "built";
  });
  const { apps } = JSON.parse((await nanoctl(["apps", "--url", socket, "--json"])).stdout);
  expect(apps[0].activeVersion).toBeNull();
  expect((await nanoctl(["routes", "blog", "--url", socket])).stdout).toBe("No routes\n");
});

test("a share of clients gets a version first; it grows, is promoted, and rolled back", async () => {
  const { socket } = await openCluster();
  const { nanoctl } = createUser();
  const on = ["--url", socket, "--json"];
  const json = async (...args: string[]) => {
    const { stdout, stderr } = await nanoctl([...args, ...on]);
    expect(stderr).toBe("");
    return JSON.parse(stdout);
  };
  const first = await json("deploy", writeApp("blog", ASSETS));
  const second = await json("deploy", writeApp("blog", HELLO), "--percent", "10", "--cookie", "sid");
  expect(second).toMatchObject({ activeVersion: first.version, rollout: { version: second.version, percent: 10 } });
  expect(second.rollout.stickyBy).toEqual({ type: "cookie", name: "sid" });
  await json("rollout", "set", "blog", "50", "--halt-percent", "20");
  expect(await json("rollout", "set", "blog", "60")).toMatchObject({
    rollout: { percent: 60, stickyBy: { type: "cookie", name: "sid" }, haltAt: { errorRate: 0.2 } },
  });
  expect((await nanoctl(["rollout", "status", "blog", "--url", socket])).stdout).toContain("the cookie sid");
  expect(await json("promote", "blog")).toMatchObject({ activeVersion: second.version, rollout: null });
  expect(await json("rollout", "set", "blog", "10", "--version", `${first.version}`)).toMatchObject({
    rollout: { version: first.version, percent: 10 },
  });
  await json("rollout", "stop", "blog");
  expect(await json("rollback", "blog")).toMatchObject({ activeVersion: first.version });
  const { stdout } = await nanoctl(["versions", "blog", "--url", socket]);
  expect(stdout).toMatch(new RegExp(`^${first.version} +built +serves`, "m"));
  const none = await nanoctl(["rollout", "set", "blog", "10", "--url", socket]);
  expect([none.exitCode, none.stderr]).toEqual([ExitCode.ERROR, expect.stringContaining("App blog has no rollout")]);
});

test.each([
  [["--route", "https://x/"], "expected HOST or HOST/PATH"],
  [["--percent", "110"], "Expected a percentage"],
  [["--percent", "10", "--no-activate"], "Only one of"],
  [["--cookie", "sid"], "found no --percent"],
  [["--app", "Big"], "Expected the name of an app"],
])("what cannot be is told before anything is bundled: %j", async (args, words) => {
  const { exitCode, stderr } = await createUser().nanoctl(["deploy", "/nowhere", "--url", "unix:/nowhere", ...args]);
  expect([exitCode, stderr]).toEqual([ExitCode.USAGE, expect.stringContaining(words)]);
});

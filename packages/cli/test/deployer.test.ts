import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { AppName, ArtifactDigest, VersionId } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import type { Route, VersionAnswer } from "@nano/protocol/registry-api";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { AppPlan, RunPlan } from "../src/config/config-file.ts";
import type { MakeArtifacts } from "../src/deploy/app-artifacts.ts";
import { errors } from "../src/errors.ts";
import type { RegistryClient } from "../src/registry/registry-client.ts";
import { Deployer } from "../src/run/deployer.ts";
import type { DeploymentOutcome } from "../src/run/deployment.ts";

/** On a busy machine, too. */
const WAIT = { timeout: 10_000 };

const server = {
  host: "127.0.0.1",
  port: 0,
  adminPort: 0,
  egressAllowedRanges: [],
  debugHeaders: false,
  clientTimeouts: { headersMs: 30_000, requestMs: 300_000, stallMs: 120_000 },
};

function planOf(...names: string[]): RunPlan {
  const apps = names.map(
    (name): AppPlan => ({
      name: name as AppName,
      routes: [{ host: `${name}.localhost`, path: "/" }],
      source: { kind: "code", path: `/apps/${name}` },
      manifest: {},
      secrets: { files: {}, dotEnv: null },
    }),
  );
  return { server, apps };
}

const good: MakeArtifacts = async () => ({
  manifest: {},
  bundle: { format: 1, script: "s", sourceMap: "" },
  assets: null,
  sliver: null,
});
const broken: MakeArtifacts = async () => {
  throw errors.FILE_UNREADABLE({ path: "index.ts", why: "it is broken" });
};

/** A registry that builds at once, and knows some apps from before. */
function createFake(known: readonly string[] = []) {
  const apps = new Set(known);
  const log: string[] = [];
  let routes: readonly Route[] = [];
  let versionCount = 0;
  const answerOf = (app: AppName): VersionAnswer => ({
    app,
    version: `v${String(versionCount).padStart(16, "0")}` as VersionId,
    state: "built",
    error: null,
    isActive: true,
    isPending: false,
    createdAt: "",
    manifest: resolveManifest({}) as unknown as VersionAnswer["manifest"],
    bundle: null,
    assets: null,
    slivers: {},
  });
  const registry: RegistryClient = {
    storeArtifact: async () => "0".repeat(64) as ArtifactDigest,
    async deploy(app) {
      apps.add(app);
      versionCount += 1;
      log.push(`deploy ${app}`);
      return answerOf(app);
    },
    readVersion: async (app) => answerOf(app),
    followBuild: async () => {},
    readPosition: async () => ({ epoch: "fake", seq: versionCount }),
    async replaceRoutes(next) {
      for (const route of next) if (!apps.has(route.app)) throw new Error(`Route to an unknown app: ${route.app}`);
      routes = next;
    },
    listApps: async () =>
      [...apps].map((name) => ({
        name: name as AppName,
        activeVersion: "v0000000000000000" as VersionId,
        previousVersion: null,
        rollout: null,
        pendingVersions: [],
        versionCount: 1,
        hasSecrets: false,
      })),
    async createApp(app) {
      apps.add(app);
      log.push(`create ${app}`);
    },
    async replaceSecrets(app, secrets) {
      log.push(`secrets ${app} ${JSON.stringify(secrets)}`);
    },
    async deleteApp(app) {
      apps.delete(app);
      log.push(`delete ${app}`);
    },
  };
  const sources = new Map<string, (make: MakeArtifacts) => void>();
  const outcomes: string[] = [];
  const makes = new Map<string, MakeArtifacts>();
  const deployer = new Deployer({
    registry,
    async openSource(plan, onChange) {
      sources.set(plan.name, onChange);
      onChange(makes.get(plan.name) ?? good);
      return { close: async () => void sources.delete(plan.name) };
    },
    onStep: () => {},
    onLog: () => {},
    onOutcome: (plan: AppPlan, outcome: DeploymentOutcome) => {
      const isMended = outcome.kind === "serving" && outcome.isMended;
      outcomes.push(`${plan.name} ${outcome.kind}${isMended ? ", mended" : ""}`);
    },
    onSecrets: (plan, outcome) => {
      outcomes.push(`${plan.name} secrets ${"names" in outcome ? outcome.names.join() : String(outcome.error)}`);
    },
  });
  const edit = async (name: string, make: MakeArtifacts): Promise<void> => {
    sources.get(name)?.(make);
    await Promise.all(deployer.deployments.map((each) => each.settled()));
  };
  return {
    deployer,
    log,
    outcomes,
    makes,
    sources,
    edit,
    hosts: () => routes.map((route) => route.host),
    leads: () => routes.map(({ host, path, app }) => `${host}${path} ${app}`),
  };
}

describe("a plan", () => {
  test("that is closed while its apps are deployed leaves no app under watch", async () => {
    const { deployer, sources, makes } = createFake();
    const begun = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    makes.set("a", async () => {
      begun.resolve();
      await held.promise;
      return await good();
    });
    const names = Array.from({ length: 12 }, (_, i) => `b${i}`);
    const applied = deployer.apply(planOf("a", ...names)).catch(() => undefined);
    await begun.promise;
    const closed = deployer.close();
    held.resolve();
    await Promise.all([closed, applied]);
    expect([...sources.keys()]).toEqual([]);
  });

  test("is brought to the registry: apps deployed, routes set, what is left from before removed", async () => {
    const { deployer, log, outcomes, hosts } = createFake(["old"]);
    await deployer.apply(planOf("a", "b"));
    expect(outcomes.toSorted()).toEqual(["a serving", "b serving"]);
    expect(hosts().toSorted()).toEqual(["a.localhost", "b.localhost"]);
    expect(log).toContain("delete old");
  });

  test("is announced before anything is built: its hosts lead to its apps, and what is left from before is gone", async () => {
    const { deployer, log, outcomes, leads } = createFake(["old", "a"]);
    await deployer.announce(planOf("a", "b"));
    expect(leads()).toEqual(["a.localhost/ a", "b.localhost/ b"]);
    expect(log).toEqual(["delete old", "create b"]);
    expect(outcomes).toEqual([]);
    await deployer.apply(planOf("a", "b"));
    expect(outcomes.toSorted()).toEqual(["a serving", "b serving"]);
  });

  test("that changes touches only the apps that changed", async () => {
    const { deployer, log, hosts, sources } = createFake();
    await deployer.apply(planOf("a", "b"));
    log.length = 0;
    expect(await deployer.apply(planOf("b", "c"))).toEqual({ deployed: new Set(["c"]), removed: ["a"] });
    expect(log).toEqual(["create c", "deploy c", "delete a"]);
    expect(hosts()).toEqual(["b.localhost", "c.localhost"]);
    expect([...sources.keys()]).toEqual(["b", "c"]);
  });

  test("that gives what is served to an app that is not built yet leaves it where it is until then", async () => {
    const { deployer, makes, log, leads } = createFake();
    const place = { host: "shop.localhost", path: "/" };
    const planFor = (name: string): RunPlan => {
      const [app] = planOf(name).apps;
      return { server, apps: [{ ...(app as AppPlan), routes: [place] }] };
    };
    await deployer.apply(planFor("old"));
    const begun = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    makes.set("new", async () => {
      begun.resolve();
      await held.promise;
      return await good();
    });
    const applied = deployer.apply(planFor("new"));
    await begun.promise;
    expect([leads(), log]).toEqual([["shop.localhost/ old"], ["create old", "deploy old", "create new"]]);
    held.resolve();
    expect((await applied).removed).toEqual(["old"]);
    expect(leads()).toEqual(["shop.localhost/ new"]);
    expect(log.at(-1)).toBe("delete old");
  });

  test("with an app that cannot be built serves the others, and leads to it too: it is not built, not unknown", async () => {
    const { deployer, outcomes, makes, edit, hosts } = createFake();
    makes.set("a", broken);
    await deployer.apply(planOf("a", "b"));
    expect(outcomes.toSorted()).toEqual(["a failed", "b serving"]);
    expect(hosts()).toEqual(["a.localhost", "b.localhost"]);
    await edit("a", good);
    expect(outcomes.at(-1)).toBe("a serving, mended");
  });

  test("is deployed again where that failed, once what it lacked is there: what serves is left alone", async () => {
    const { deployer, log, outcomes, makes, edit } = createFake();
    let make = broken;
    makes.set("a", () => make());
    await deployer.apply(planOf("a", "b"));
    make = good;
    log.length = 0;
    deployer.retry();
    await edit("none", good);
    expect([log, outcomes.at(-1)]).toEqual([["deploy a"], "a serving, mended"]);
  });
});

describe("secrets", () => {
  function withSecret(content: string): { plan: RunPlan; path: string } {
    const path = join(mkdtempSync(join(tmpdir(), "nano-deployer-")), "key");
    onTestFinished(() => rmSync(dirname(path), { recursive: true, force: true }));
    writeFileSync(path, content);
    const { apps } = planOf("a");
    return {
      plan: { server, apps: apps.map((app) => ({ ...app, secrets: { files: { KEY: path }, dotEnv: null } })) },
      path,
    };
  }

  test("are in the registry before the version that may want them, and end when the plan has none", async () => {
    const { deployer, log } = createFake();
    await deployer.apply(withSecret("hush").plan);
    expect(log).toEqual(["create a", 'secrets a {"KEY":"hush"}', "deploy a"]);
    await deployer.apply(planOf("a"));
    expect(log.slice(3)).toEqual(["secrets a {}", "deploy a"]);
    await deployer.close();
  });

  test("that change are put without a deploy; one that cannot be read fails its app, until it can", async () => {
    const { deployer, log, outcomes } = createFake();
    const { plan, path } = withSecret("");
    await deployer.apply(plan);
    expect(outcomes).toEqual(["a failed"]);
    writeFileSync(path, "1");
    await vi.waitFor(() => expect(outcomes.slice(1)).toEqual(["a secrets KEY", "a serving, mended"]), WAIT);
    writeFileSync(path, "2");
    await vi.waitFor(() => expect(outcomes.slice(3)).toEqual(["a secrets KEY"]), WAIT);
    expect(log.slice(1)).toEqual(['secrets a {"KEY":"1"}', "deploy a", 'secrets a {"KEY":"2"}']);
    await deployer.close();
  });
});

describe("an edit", () => {
  test("that is broken leaves the version that serves, and its route", async () => {
    const { deployer, outcomes, edit, hosts } = createFake();
    await deployer.apply(planOf("a"));
    await edit("a", broken);
    expect(outcomes).toEqual(["a serving", "a stale"]);
    expect(hosts()).toEqual(["a.localhost"]);
    await edit("a", good);
    await edit("a", good);
    expect(outcomes.slice(2)).toEqual(["a serving, mended", "a serving"]);
  });

  test("of an app that served in an earlier run leaves that version too", async () => {
    const { deployer, outcomes, makes, hosts } = createFake(["a"]);
    makes.set("a", broken);
    await deployer.apply(planOf("a"));
    expect(outcomes).toEqual(["a stale"]);
    expect(hosts()).toEqual(["a.localhost"]);
  });

  test("that comes while another is deployed is the one that counts in the end, once", async () => {
    const { deployer, log, edit } = createFake();
    await deployer.apply(planOf("a"));
    log.length = 0;
    const made: string[] = [];
    const named =
      (name: string): MakeArtifacts =>
      () => {
        made.push(name);
        return good();
      };
    await Promise.all([edit("a", named("1")), edit("a", named("2")), edit("a", named("3"))]);
    expect(made).toEqual(["1", "3"]);
    expect(log).toEqual(["deploy a", "deploy a"]);
  });
});

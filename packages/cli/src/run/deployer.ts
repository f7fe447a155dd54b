/**
 * Brings the registry to what a plan says, and keeps it there while files change.
 *
 * I1 In the end the registry's apps and routes are those of the plan, those of apps that are not built too: what an earlier run
 *    or config left is removed.
 * I2 What the last plan served is served on until the apps of the next one are there: see `interimRoutes`.
 * I3 Of many apps, at most `DEPLOYS_AT_ONCE` are bundled and uploaded at a time.
 */
import type { AppName } from "@nano/protocol/brands";
import type { Route } from "@nano/protocol/registry-api";
import { type AppPlan, MAX_APPS, type RunPlan } from "../config/config-file.ts";
import type { MakeArtifacts } from "../deploy/app-artifacts.ts";
import type { RegistryClient } from "../registry/registry-client.ts";
import { AppSecrets } from "./app-secrets.ts";
import type { AppSource } from "./app-source.ts";
import { Deployment, type DeploymentOutcome } from "./deployment.ts";
import { interimRoutes } from "./interim-routes.ts";

const DEPLOYS_AT_ONCE = 4;

export interface DeployerOptions {
  readonly registry: RegistryClient;
  /** Calls back with the app's first state, and after each edit. */
  openSource(plan: AppPlan, onChange: (make: MakeArtifacts) => void): Promise<AppSource>;
  onStep(plan: AppPlan, step: string): void;
  onLog(plan: AppPlan, text: string): void;
  onOutcome(plan: AppPlan, outcome: DeploymentOutcome): void;
  /** A changed secret was taken up, or why it was not. */
  onSecrets(plan: AppPlan, outcome: SecretsOutcome): void;
}

export type SecretsOutcome = { readonly names: readonly string[] } | { readonly error: unknown };

/** What a plan changed. */
export interface PlanChange {
  readonly deployed: ReadonlySet<AppName>;
  readonly removed: readonly AppName[];
}

interface Served {
  readonly deployment: Deployment;
  readonly secrets: AppSecrets;
  source: AppSource | null;
}

export class Deployer {
  readonly #options: DeployerOptions;
  #isClosed = false;
  readonly #served = new Map<string, Served>();
  /** Those that the registry has from us. */
  #routes: readonly Route[] = [];

  constructor(options: DeployerOptions) {
    this.#options = options;
  }

  /** In the order of the plan. */
  get deployments(): readonly Deployment[] {
    return [...this.#served.values()].map((each) => each.deployment);
  }

  /**
   * Creates the apps of the first plan and puts its routes, before anything that reads them runs: a host of the plan is never unknown. What an
   * earlier run left goes.
   */
  async announce(plan: RunPlan): Promise<void> {
    const { registry } = this.#options;
    const known = new Set((await registry.listApps()).map(({ name }) => name));
    const wanted = new Set(plan.apps.map(({ name }) => name));
    for (const name of known) if (!wanted.has(name)) await registry.deleteApp(name);
    const unknown = [...wanted].filter((name) => !known.has(name));
    await forEachLimited(unknown, DEPLOYS_AT_ONCE, (name) => registry.createApp(name));
    await this.#replaceRoutes(routesOf(plan));
  }

  /** Resolves when every app of the plan is served or has failed. Not to be called again before that. */
  async apply(plan: RunPlan): Promise<PlanChange> {
    const { registry } = this.#options;
    const known = new Map((await registry.listApps()).map((app) => [app.name, app]));
    const wanted = new Set(plan.apps.map((app) => app.name));
    const changed: Served[] = [];
    const unknown: AppName[] = [];
    for (const app of plan.apps) {
      const served = this.#served.get(app.name);
      if (!known.has(app.name)) unknown.push(app.name);
      // One without an outcome is left from an attempt that the registry refused.
      const isKept = served?.deployment.outcome != null && isSame(served.deployment.plan, app);
      if (isKept) continue;
      if (served === undefined) {
        const record = known.get(app.name);
        const created = this.#create(app, record?.hasSecrets === true);
        if (record !== undefined) created.deployment.adopt(record.activeVersion !== null);
        this.#served.set(app.name, created);
        changed.push(created);
      } else {
        served.deployment.setPlan(app);
        served.secrets.setSources(app.secrets);
        changed.push(served);
      }
    }
    const removed = [...this.#served.values()].map((each) => each.deployment.plan.name).filter((n) => !wanted.has(n));
    const routes = routesOf(plan);
    const hasRoom = known.size + unknown.length <= MAX_APPS;
    const left = [...known.keys()].filter((name) => !wanted.has(name));
    // What an earlier run left nobody waits for. Where there is no room for what was served and what will be, there is a gap between them.
    const outlived = left.filter((name) => hasRoom && this.#served.has(name));
    for (const name of left) if (!outlived.includes(name)) await this.#delete(name);
    await forEachLimited(unknown, DEPLOYS_AT_ONCE, (name) => registry.createApp(name));
    const before = this.#routes.filter(({ app }) => this.#served.has(app));
    const interim = interimRoutes(before, routes, (app) => this.#served.get(app)?.deployment.isServing === true);
    await this.#replaceRoutes(interim);
    await forEachLimited(changed, DEPLOYS_AT_ONCE, async (served) => {
      const { deployment } = served;
      if (this.#isClosed) return;
      this.#options.onStep(deployment.plan, "bundling");
      await served.source?.close();
      try {
        served.source = await this.#options.openSource(deployment.plan, (make) => void deployment.request(make));
        // Closed while it was opened: nobody else closes it.
        if (this.#isClosed) return await served.source.close();
      } catch (error) {
        // Nothing to watch: the app's place in the plan must change first.
        await deployment.request(() => Promise.reject(error));
      }
      await deployment.settled();
    });
    if (this.#isClosed) return { deployed: new Set(), removed };
    if (interim !== routes) await this.#replaceRoutes(routes);
    for (const name of outlived) await this.#delete(name);
    for (const name of removed) await this.#drop(name);
    return { deployed: new Set(changed.map((each) => each.deployment.plan.name)), removed };
  }

  /** Deploys those once more whose last attempt failed. */
  retry(): void {
    for (const deployment of this.deployments) void deployment.retry();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#served.keys()].map((name) => this.#drop(name)));
  }

  async #replaceRoutes(routes: readonly Route[]): Promise<void> {
    await this.#options.registry.replaceRoutes(routes);
    this.#routes = routes;
  }

  /** Its routes go with it. */
  async #delete(name: AppName): Promise<void> {
    await this.#drop(name);
    await this.#options.registry.deleteApp(name);
  }

  async #drop(name: string): Promise<void> {
    const served = this.#served.get(name);
    this.#served.delete(name);
    await served?.source?.close();
    await served?.secrets.close();
    await served?.deployment.close();
  }

  #create(plan: AppPlan, hasSecrets: boolean): Served {
    const { registry } = this.#options;
    const tell = (outcome: SecretsOutcome): void => this.#options.onSecrets(deployment.plan, outcome);
    const secrets = new AppSecrets({
      app: plan.name,
      sources: plan.secrets,
      registry,
      hasSecrets,
      onApplied: (names) => {
        tell({ names });
        void deployment.retry();
      },
      onRefused: (error) => tell({ error }),
    });
    const deployment: Deployment = new Deployment({
      plan,
      registry,
      applySecrets: () => secrets.apply(),
      onStep: (step) => this.#options.onStep(deployment.plan, step),
      onLog: (text) => this.#options.onLog(deployment.plan, text),
      onOutcome: (outcome) => this.#options.onOutcome(deployment.plan, outcome),
    });
    return { deployment, secrets, source: null };
  }
}

function routesOf({ apps }: RunPlan): readonly Route[] {
  return apps.flatMap(({ name, routes }) => routes.map((route) => ({ ...route, app: name })));
}

function isSame(a: AppPlan, b: AppPlan): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

async function forEachLimited<T>(items: readonly T[], limit: number, run: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lanes = Array.from({ length: Math.min(limit, queue.length) }, async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await run(item);
  });
  await Promise.all(lanes);
}

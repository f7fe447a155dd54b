/**
 * Brings the registry to what a plan says, and keeps it there while files change.
 *
 * I1 The registry's apps and routes are those of the plan: what an earlier run or config left is removed.
 * I2 Of many apps, at most `DEPLOYS_AT_ONCE` are bundled and uploaded at a time.
 */
import { toWireError } from "@nano/protocol/errors";
import type { AppPlan, RunPlan } from "../config/config-file.ts";
import type { AppSource } from "./app-source.ts";
import { Deployment, type DeploymentOutcome, type MakeArtifacts } from "./deployment.ts";
import type { RegistryClient } from "./registry-client.ts";

const DEPLOYS_AT_ONCE = 4;

export interface DeployerOptions {
  readonly registry: RegistryClient;
  /** Calls back with the app's first state, and after each edit. */
  openSource(plan: AppPlan, onChange: (make: MakeArtifacts) => void): Promise<AppSource>;
  onStep(plan: AppPlan, step: string): void;
  onLog(plan: AppPlan, text: string): void;
  onOutcome(plan: AppPlan, outcome: DeploymentOutcome): void;
}

interface Served {
  readonly deployment: Deployment;
  source: AppSource | null;
}

export class Deployer {
  readonly #options: DeployerOptions;
  readonly #served = new Map<string, Served>();
  #routedApps = "";

  constructor(options: DeployerOptions) {
    this.#options = options;
  }

  /** In the order of the plan. */
  get deployments(): readonly Deployment[] {
    return [...this.#served.values()].map((each) => each.deployment);
  }

  /** Resolves when every app of the plan is served or has failed. Not to be called again before that. */
  async apply(plan: RunPlan): Promise<void> {
    const { registry } = this.#options;
    const known = new Map((await registry.listApps()).map((app) => [app.name, app]));
    const wanted = new Set(plan.apps.map((app) => app.name));
    const changed: Served[] = [];
    for (const app of plan.apps) {
      const served = this.#served.get(app.name);
      if (served !== undefined && JSON.stringify(served.deployment.plan) === JSON.stringify(app)) continue;
      if (served === undefined) {
        const created: Served = { deployment: this.#createDeployment(app), source: null };
        const record = known.get(app.name);
        if (record !== undefined) created.deployment.adopt(record.activeVersion !== null);
        this.#served.set(app.name, created);
        changed.push(created);
      } else {
        served.deployment.setPlan(app);
        changed.push(served);
      }
    }
    for (const [name, served] of this.#served) if (!wanted.has(served.deployment.plan.name)) await this.#drop(name);
    await this.#putRoutes();
    for (const name of known.keys()) if (!wanted.has(name)) await registry.deleteApp(name);
    await forEachLimited(changed, DEPLOYS_AT_ONCE, async (served) => {
      const { deployment } = served;
      this.#options.onStep(deployment.plan, "bundling");
      await served.source?.close();
      try {
        served.source = await this.#options.openSource(deployment.plan, (make) => void deployment.request(make));
      } catch (error) {
        // Nothing to watch: the app's place in the plan must change first.
        await deployment.request(() => Promise.reject(error));
      }
      await deployment.settled();
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#served.keys()].map((name) => this.#drop(name)));
  }

  async #drop(name: string): Promise<void> {
    const served = this.#served.get(name);
    this.#served.delete(name);
    await served?.source?.close();
    await served?.deployment.close();
  }

  #createDeployment(plan: AppPlan): Deployment {
    const deployment: Deployment = new Deployment({
      plan,
      registry: this.#options.registry,
      onStep: (step) => this.#options.onStep(deployment.plan, step),
      onLog: (text) => this.#options.onLog(deployment.plan, text),
      onOutcome: async (outcome) => {
        const refused = await this.#putRoutes().then(
          () => null,
          (error: unknown) => toWireError(error),
        );
        this.#options.onOutcome(deployment.plan, refused === null ? outcome : { kind: "failed", error: refused });
      },
    });
    return deployment;
  }

  /** Routes of the apps that the registry knows; written only where that changed. */
  async #putRoutes(): Promise<void> {
    const routes = this.deployments
      .filter((each) => each.hasRecord)
      .flatMap(({ plan }) => plan.routes.map((route) => ({ ...route, app: plan.name })));
    const text = JSON.stringify(routes);
    if (text === this.#routedApps) return;
    await this.#options.registry.replaceRoutes(routes);
    this.#routedApps = text;
  }
}

async function forEachLimited<T>(items: readonly T[], limit: number, run: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lanes = Array.from({ length: Math.min(limit, queue.length) }, async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await run(item);
  });
  await Promise.all(lanes);
}

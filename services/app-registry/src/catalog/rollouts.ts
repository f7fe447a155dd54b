/**
 * Gradual deployments: a built version gets a share of an app's clients, and ends as the active one or not at all.
 *
 * I1 One rollout of an app at a time; a halted one gives way to another.
 * I2 Begun again after it was halted, or with another version, it counts from nothing.
 */
import type { AppName, VersionId } from "@nano/protocol/brands";
import type { AppRecord, BuildRecord, Rollout, RolloutCount } from "@nano/protocol/records";
import type { RolloutRequest } from "@nano/protocol/registry-api";
import { errors } from "../errors.ts";
import { askActivation, goBack, previousOf } from "./activation.ts";
import type { Author } from "./author.ts";
import type { Catalog } from "./catalog.ts";
import { countsByNode } from "./rollout-counts.ts";
import type { Transaction } from "./transaction.ts";

export interface RolloutsOptions {
  readonly catalog: Catalog;
  /** @default Date.now */
  nowMs?(): number;
}

/** Where a rollback without a version leads: out of a rollout, or to what served before. Null: nowhere. */
export function rollbackTarget(
  app: AppRecord,
  stateOf: (version: VersionId) => BuildRecord["state"] | undefined,
): VersionId | null {
  if (app.rollout !== undefined) return app.activeVersion;
  return previousOf(app).find((version) => stateOf(version) === "built") ?? null;
}

export class Rollouts {
  readonly #catalog: Catalog;
  readonly #nowMs: () => number;

  constructor({ catalog, nowMs = Date.now }: RolloutsOptions) {
    this.#catalog = catalog;
    this.#nowMs = nowMs;
  }

  /**
   * Begins a rollout, or changes the one of this version.
   * @throws REGISTRY_NOT_FOUND, REGISTRY_NOT_BUILT, REGISTRY_STILL_BUILDING, REGISTRY_ROLLOUT_OF_ACTIVE, REGISTRY_ROLLOUT_WITHOUT_ACTIVE,
   * REGISTRY_ROLLOUT_RUNNING
   */
  put(name: AppName, request: RolloutRequest, author: Author): Promise<AppRecord> {
    return this.#catalog.transact((tx) => {
      const app = appOf(tx, name);
      const { version, percent, haltAt } = request;
      const stickyBy = request.stickyBy as Rollout["stickyBy"];
      assertBuilt(tx, name, version);
      if (app.activeVersion === null) throw errors.ROLLOUT_WITHOUT_ACTIVE({ app: name });
      if (app.activeVersion === version) throw errors.ROLLOUT_OF_ACTIVE({ app: name, version });
      const running = app.rollout !== undefined && app.rollout.halted === undefined ? app.rollout : null;
      if (running !== null && running.version !== version) {
        throw errors.ROLLOUT_RUNNING({ app: name, version: running.version });
      }
      const rollout =
        running === null
          ? this.#begin(tx, { version, percent, stickyBy, haltAt })
          : { ...running, percent, stickyBy, haltAt };
      tx.note("rollout.put", `app/${name}`, { version, percent });
      return put(tx, { ...app, rollout });
    }, author);
  }

  /** All clients get the active version again. @throws REGISTRY_NOT_FOUND */
  end(name: AppName, author: Author): Promise<AppRecord> {
    return this.#catalog.transact((tx) => {
      const app = appOf(tx, name);
      tx.note("rollout.end", `app/${name}`, { version: rolloutOf(app).version });
      return put(tx, withoutRollout(app));
    }, author);
  }

  /** The rollout's version becomes the active one. @throws REGISTRY_NOT_FOUND, REGISTRY_ROLLOUT_HALTED */
  promote(name: AppName, author: Author): Promise<AppRecord> {
    return this.#catalog.transact((tx) => {
      const app = appOf(tx, name);
      const { version, halted } = rolloutOf(app);
      if (halted !== undefined) throw errors.ROLLOUT_HALTED({ app: name, version });
      assertBuilt(tx, name, version);
      tx.note("app.promote", `app/${name}`, { version, before: app.activeVersion });
      return put(tx, askActivation(app, version, true));
    }, author);
  }

  /**
   * Out of a rollout, back to the active version; without one, back to what served before it. Or to the version that is named.
   * @throws REGISTRY_NOT_FOUND, REGISTRY_NOT_BUILT, REGISTRY_STILL_BUILDING, REGISTRY_NOTHING_BEFORE
   */
  rollback(name: AppName, version: VersionId | null, author: Author): Promise<AppRecord> {
    return this.#catalog.transact((tx) => {
      const app = appOf(tx, name);
      const target = version ?? rollbackTarget(app, (id) => tx.build(id)?.state);
      if (target === null) throw errors.NOTHING_BEFORE({ app: name });
      tx.note("app.rollback", `app/${name}`, { version: target, before: app.activeVersion });
      if (target === app.activeVersion) return put(tx, withoutRollout(app));
      assertBuilt(tx, name, target);
      return put(tx, goBack(app, target));
    }, author);
  }

  /** Notes that a rollout fails, unless it is over or that was noted. Answers whether this was the first to note it. */
  async halt(name: AppName, failing: Rollout, { requestCount, errorCount }: RolloutCount): Promise<boolean> {
    return this.#catalog.transact((tx) => {
      const app = tx.app(name);
      const rollout = app?.rollout;
      if (app === null || rollout === undefined || rollout.halted !== undefined) return false;
      if (rollout.version !== failing.version || rollout.startedAt !== failing.startedAt) return false;
      tx.put({ ...app, rollout: { ...rollout, halted: { at: this.#now(), requestCount, errorCount } } });
      tx.note("rollout.halt", `app/${name}`, { version: rollout.version, requestCount, errorCount });
      return true;
    });
  }

  #begin(tx: Transaction, rollout: Pick<Rollout, "version" | "percent" | "stickyBy" | "haltAt">): Rollout {
    const countedBefore = countsByNode(tx.nodes(), rollout.version);
    const isCounted = Object.keys(countedBefore).length > 0;
    return { ...rollout, startedAt: this.#now(), ...(isCounted && { countedBefore }) };
  }

  #now(): string {
    return new Date(this.#nowMs()).toISOString();
  }
}

function appOf(tx: Transaction, name: AppName): AppRecord {
  const app = tx.app(name);
  if (app === null) throw errors.NOT_FOUND({ what: `app ${name}` });
  return app;
}

function rolloutOf(app: AppRecord): Rollout {
  if (app.rollout === undefined) throw errors.NOT_FOUND({ what: `rollout of app ${app.name}` });
  return app.rollout;
}

function withoutRollout({ rollout: _ended, ...app }: AppRecord): AppRecord {
  return app;
}

function put(tx: Transaction, app: AppRecord): AppRecord {
  tx.put(app);
  return app;
}

function assertBuilt(tx: Transaction, app: AppName, version: VersionId): void {
  const build = tx.version(version)?.app === app ? tx.build(version) : null;
  if (build === null) throw errors.NOT_FOUND({ what: `version ${version} of app ${app}` });
  if (build.state === "failed") throw errors.NOT_BUILT({ version });
  if (build.state !== "built") throw errors.STILL_BUILDING({ version });
}

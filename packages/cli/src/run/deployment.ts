/**
 * One app on its way to being served: its artifacts are made, uploaded and built, again after each edit.
 *
 *   idle ──▶ working ──▶ serving            an attempt fails: `failed` where no version serves, otherwise `stale`
 *
 * I1 One attempt at a time. Edits during an attempt lead to one further attempt, with the newest of them.
 * I2 A failed attempt leaves the version that serves.
 */
import type { WireError } from "@nano/protocol/errors";
import { isNanoError, toWireError } from "@nano/protocol/errors";
import type { VersionAnswer } from "@nano/protocol/registry-api";
import type { AppPlan } from "../config/config-file.ts";
import { deployArtifacts, type MakeArtifacts } from "../deploy/app-artifacts.ts";
import { type BuiltEvent, followBuild } from "../deploy/follow-build.ts";
import type { RegistryClient } from "../registry/registry-client.ts";

export type DeploymentOutcome =
  | {
      readonly kind: "serving";
      readonly elapsedMs: number;
      readonly note: string;
      readonly isChanged: boolean;
      readonly isFirst: boolean;
      /** The attempt before this one failed. */
      readonly isMended: boolean;
    }
  | { readonly kind: "failed" | "stale"; readonly error: WireError };

export interface DeploymentOptions {
  readonly plan: AppPlan;
  readonly registry: RegistryClient;
  /** Sees to it that the registry has the app's secrets, before a version that may want them. */
  applySecrets(): Promise<unknown>;
  onStep(step: string): void;
  /** What the build says: the console of the app's top level, and advice. */
  onLog(text: string): void;
  /** Hears of the end of each attempt, before another begins. */
  onOutcome(outcome: DeploymentOutcome): Promise<void> | void;
}

export class Deployment {
  readonly #options: DeploymentOptions;
  #plan: AppPlan;
  #outcome: DeploymentOutcome | null = null;
  #isServing = false;
  #version: string | null = null;
  #running: Promise<void> | null = null;
  #wanted: MakeArtifacts | null = null;
  #latest: MakeArtifacts | null = null;
  #isClosed = false;

  constructor(options: DeploymentOptions) {
    this.#options = options;
    this.#plan = options.plan;
  }

  get plan(): AppPlan {
    return this.#plan;
  }

  get outcome(): DeploymentOutcome | null {
    return this.#outcome;
  }

  /** The app is known from an earlier run, and may serve already. */
  adopt(isServing: boolean): void {
    this.#isServing = isServing;
  }

  /** The app has a version that answers. */
  get isServing(): boolean {
    return this.#isServing;
  }

  setPlan(plan: AppPlan): void {
    this.#plan = plan;
  }

  /** Deploys; the newest request wins. Resolves when no attempt is under way or wanted any more. */
  request(make: MakeArtifacts): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#wanted = make;
    this.#latest = make;
    this.#running ??= this.#work().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Deploys once more where the last attempt failed: what it failed for may be there now. */
  async retry(): Promise<void> {
    if (this.#latest === null || this.#outcome === null || this.#outcome.kind === "serving") return;
    await this.request(this.#latest);
  }

  /** Resolves when no attempt is under way or wanted. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** No further attempts; resolves when the running one has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wanted = null;
    await this.#running;
  }

  async #work(): Promise<void> {
    while (this.#wanted !== null) {
      const make = this.#wanted;
      this.#wanted = null;
      const outcome = await this.#attempt(make).catch((error: unknown) => this.#failed(toFailure(error)));
      this.#outcome = outcome;
      if (!this.#isClosed) await this.#options.onOutcome(outcome);
    }
  }

  async #attempt(make: MakeArtifacts): Promise<DeploymentOutcome> {
    const { registry, applySecrets, onStep, onLog } = this.#options;
    const startedAtMs = performance.now();
    const plan = this.#plan;
    const made = await make();
    await applySecrets();
    onStep("uploading");
    let answer = await deployArtifacts(made, { app: plan.name, activate: true, registry });
    const isFirst = this.#version === null;
    const isChanged = answer.version !== this.#version;
    const isMended = this.#outcome !== null && this.#outcome.kind !== "serving";
    let built: BuiltEvent | null = null;
    if (answer.state === "queued" || answer.state === "building") {
      onStep("building");
      ({ answer, built } = await followBuild(answer, { registry, onStep, onLog }));
    }
    if (answer.state === "failed") return this.#failed(answer.error ?? toWireError("Build failed"));
    this.#isServing = true;
    this.#version = answer.version;
    const elapsedMs = performance.now() - startedAtMs;
    return { kind: "serving", elapsedMs, note: noteOf(answer, built), isChanged, isFirst, isMended };
  }

  #failed(error: WireError): DeploymentOutcome {
    return { kind: this.#isServing ? "stale" : "failed", error };
  }
}

/** What is not ours is a fault of this program: its stack belongs to the report. */
function toFailure(error: unknown): WireError {
  const wire = toWireError(error);
  if (isNanoError(error) || !(error instanceof Error)) return wire;
  return { ...wire, message: error.stack ?? error.message };
}

function noteOf(answer: VersionAnswer, built: BuiltEvent | null): string {
  if (Object.keys(answer.slivers).length === 0) return "static files";
  return built === null ? "sliver kept" : `sliver (${built.rung}) built in ${Math.round(built.elapsedMs)} ms`;
}

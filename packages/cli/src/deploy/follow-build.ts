/** Follows a build to its outcome, also over a registry that is restarted meanwhile. */
import { setTimeout as delay } from "node:timers/promises";
import { isNanoError } from "@nano/protocol/errors";
import type { BuildEvent } from "@nano/protocol/records";
import type { VersionAnswer } from "@nano/protocol/registry-api";
import { errors } from "../errors.ts";
import type { RegistryClient } from "../registry/registry-client.ts";

/** Between two looks at a build whose events were lost. */
const LOOK_PAUSE_MS = 250;

export type BuiltEvent = Extract<BuildEvent, { type: "built" }>;

export interface FollowBuildOptions {
  readonly registry: Pick<RegistryClient, "followBuild" | "readVersion">;
  onStep(step: string): void;
  onLog(text: string, level: string): void;
  readonly signal?: AbortSignal;
}

export interface BuildEnd {
  /** Its state is `built` or `failed`. */
  readonly answer: VersionAnswer;
  /** Null where the outcome was not heard. */
  readonly built: BuiltEvent | null;
}

/** @throws what the registry refuses; CTL_REGISTRY_LOST where it stays away */
export async function followBuild(version: VersionAnswer, options: FollowBuildOptions): Promise<BuildEnd> {
  const { registry, onStep, onLog, signal } = options;
  let built: BuiltEvent | null = null;
  let heardCount = 0;
  for (;;) {
    let count = 0;
    const take = (event: BuildEvent): void => {
      count += 1;
      // A stream that is opened again tells everything from the beginning.
      if (count <= heardCount) return;
      heardCount = count;
      if (event.type === "progress") onStep(event.step);
      if (event.type === "log") onLog(event.text, event.level);
      if (event.type === "built") built = event;
    };
    let isLost = false;
    await registry.followBuild(version.app, version.version, take).catch((error: unknown) => {
      if (signal?.aborted === true || (isNanoError(error) && error.code !== errors.REGISTRY_LOST.code)) throw error;
      isLost = true;
    });
    const answer = await registry.readVersion(version.app, version.version);
    // A rebuild's events end with its outcome; where they were lost, the version serves as it is.
    if (answer.state === "built" || answer.state === "failed") return { answer, built };
    if (!isLost) onStep("building");
    await delay(LOOK_PAUSE_MS, undefined, signal === undefined ? {} : { signal });
  }
}

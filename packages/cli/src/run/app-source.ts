/** Where an app comes from: a directory of code, or a ready sliver. Both are watched. */
import { stat } from "node:fs/promises";
import type { BundledApp } from "@nano/bundle/bundle-app";
import { watchApp } from "@nano/bundle/watch-app";
import type { TrustedKeys } from "@nano/sliver/signing-key";
import type { AppPlan } from "../config/config-file.ts";
import { type AppArtifacts, type MakeArtifacts, mergeManifests, packApp } from "../deploy/app-artifacts.ts";
import { errors } from "../errors.ts";
import { describeProblem } from "../output/describe-error.ts";
import { readSliver } from "../sliver/read-sliver.ts";
import { watchFile } from "./watch-file.ts";

/** An app's files under watch. */
export interface AppSource {
  close(): Promise<void>;
}

export interface AppSourceOptions {
  /** Asked for each sliver that is read: keys come and go while it runs. */
  loadTrustedKeys(): Promise<TrustedKeys>;
  /** Called with the first state before this resolves, and after each edit. */
  onChange(make: MakeArtifacts): void;
  /** What an app is told of its code that is served all the same. */
  onWarning(text: string): void;
}

/** @throws BUNDLE_NO_ENTRY, BUNDLE_TOO_MANY_DIRECTORIES */
export async function openAppSource(plan: AppPlan, options: AppSourceOptions): Promise<AppSource> {
  const { path } = plan.source;
  if (plan.source.kind === "sliver") {
    const make = async () => makeFromSliver(plan, await options.loadTrustedKeys());
    const watch = await watchFile(path, () => options.onChange(make));
    options.onChange(make);
    return { close: async () => watch.close() };
  }
  const isDirectory = (await stat(path).catch(() => null))?.isDirectory() ?? true;
  return watchApp(isDirectory ? { dir: path } : { entrypoint: path }, (event) => {
    options.onChange(async () => {
      if (event.type === "failed") throw event.error;
      for (const warning of event.app.warnings) options.onWarning(describeProblem(warning));
      return makeFromCode(plan, event.app);
    });
  });
}

async function makeFromCode(plan: AppPlan, app: BundledApp): Promise<AppArtifacts> {
  const manifest = mergeManifests(app.manifest, plan.manifest);
  // The config file alone was checked when it was read.
  const names = Object.keys(plan.secrets.files).filter((name) => Object.hasOwn(manifest.env_vars ?? {}, name));
  if (names.length > 0) throw errors.SECRET_TWICE({ names });
  return packApp(app, manifest);
}

async function makeFromSliver(plan: AppPlan, trustedKeys: TrustedKeys): Promise<AppArtifacts> {
  const { manifest, bytes } = await readSliver(plan.source.path, trustedKeys);
  return {
    manifest: mergeManifests({ isolation: manifest.isolation }, plan.manifest),
    bundle: null,
    assets: null,
    sliver: { bytes, fingerprint: manifest.fingerprint },
  };
}

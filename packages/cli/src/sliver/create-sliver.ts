/** `nanoctl sliver create`: bundles an app, builds it in disposable processes, writes the signed file. */
import { createHash } from "node:crypto";
import { rename, rm, stat, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type BundledApp, bundleApp } from "@nano/bundle/bundle-app";
import type { ArtifactDigest, VersionId } from "@nano/protocol/brands";
import { canonicalJson } from "@nano/protocol/canonical-json";
import { fromWireError } from "@nano/protocol/errors";
import { resolveManifest } from "@nano/protocol/manifest";
import type { BundleArtifact } from "@nano/protocol/records";
import { buildSliver } from "@nano/sliver-builder/build-sliver";
import { toAppName } from "../config/app-names.ts";
import { findKeyPlaces, openKeys } from "../config/key-places.ts";
import { errors } from "../errors.ts";
import { ExitCode } from "../exit-codes.ts";
import { describeProblem } from "../output/describe-error.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { printable, type Terminal } from "../output/terminal.ts";
import { listenForEnd } from "../run/end-signal.ts";

export interface CreateOptions {
  /** Directory of an app, or its entry module. */
  readonly path: string;
  readonly output: string;
  readonly dataDirectory: string | null;
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const VERSION_DIGITS = 16;

/** Answers the exit code. @throws what the build failed of: `BUNDLE_…`, `BUILD_…`, CTL_NOTHING_TO_BUILD */
export async function createSliver(options: CreateOptions): Promise<ExitCode> {
  const { path, output, dataDirectory, terminal, env } = options;
  const chosenDataDirectory = dataDirectory === null ? null : resolve(dataDirectory);
  const places = findKeyPlaces({ chosenDataDirectory, dataDirectory: resolve(".nano"), env });
  const { signingKey } = await openKeys(places);
  const end = listenForEnd();
  const cancelling = new AbortController();
  void end.reached.then(() => cancelling.abort());
  try {
    terminal.status("bundling");
    const app = await bundleAt(path);
    if (app.artifact === null) throw errors.NOTHING_TO_BUILD({ path });
    const parts = describeParts(app, app.artifact);
    for (const warning of app.warnings) terminal.line(`${parts.app} | ${printable(describeProblem(warning))}`);
    const result = await buildSliver(parts, {
      signingKey,
      signal: cancelling.signal,
      onEvent: (event) => {
        if (event.type === "progress") terminal.status(event.step);
        else terminal.line(`${parts.app} | ${printable(event.text)}`);
      },
    });
    terminal.status(null);
    if (end.signal !== null) return ExitCode.INTERRUPTED;
    if (result.type === "failed") throw fromWireError(result.error);
    await replaceFile(output, result.sliver);
    const { rung } = result.manifest;
    const what = `${formatBytes(result.sliver.byteLength)}, starts from ${rung}, signed by ${signingKey.keyId}`;
    terminal.line(`${terminal.paint("green", "✓")} ${output}: ${parts.app} in ${result.elapsedMs} ms, ${what}`);
    const held = Object.keys(app.manifest.env_vars ?? {});
    if (rung === "heap" && held.length > 0) {
      terminal.line(
        terminal.paint("yellow", "  in the sliver, as plain text: env_vars (nanoctl sliver create --help)"),
      );
    }
    const left = listLeftBehind(app);
    if (left.length > 0) {
      terminal.line(terminal.paint("yellow", `  not in the sliver: ${left.join(", ")} (nanoctl sliver create --help)`));
    }
    return ExitCode.OK;
  } finally {
    terminal.status(null);
    end.dispose();
  }
}

/** What of an app does not travel with its sliver. */
export function listLeftBehind({ assetsDir, manifest }: Pick<BundledApp, "assetsDir" | "manifest">): string[] {
  const has = (value: object | undefined): boolean => Object.keys(value ?? {}).length > 0;
  return [
    ...(assetsDir === null ? [] : ["assets"]),
    ...(has(manifest.env_vars) ? ["the handler's env"] : []),
    ...(has(manifest.limits) ? ["limits"] : []),
    ...(has(manifest.websocket) ? ["websocket"] : []),
  ];
}

async function bundleAt(path: string): Promise<BundledApp> {
  const info = await stat(path).catch((error: Error) => {
    throw errors.FILE_UNREADABLE({ path, why: error.message }, error);
  });
  return bundleApp(info.isDirectory() ? { dir: path } : { entrypoint: path });
}

function describeParts(app: BundledApp, bundle: BundleArtifact) {
  const name = toAppName(app.name);
  const manifest = resolveManifest(app.manifest);
  const bundleDigest = digestOf(JSON.stringify(bundle)) as ArtifactDigest;
  const versionId = `v${digestOf(canonicalJson({ app: name, manifest, bundle: bundleDigest })).slice(0, VERSION_DIGITS)}`;
  return { app: name, versionId: versionId as VersionId, manifest, bundle, bundleDigest };
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The file appears whole or not at all. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    const why = error instanceof Error ? error.message : String(error);
    throw errors.FILE_UNWRITABLE({ path, why }, error);
  }
}

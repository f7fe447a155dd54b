/**
 * `nanoctl deploy`: bundle, upload what is missing, build, routes, activation.
 *
 *   bundling ──▶ uploading ──▶ building ──▶ routes ──▶ activating      of a first version: activating ──▶ routes
 *       └── fails, is interrupted: nothing changed ──┘     └── is seen to its end
 *
 * I1 Clients get the new version, and hosts lead to the app, only once it is built.
 * I2 Where another version was activated while this one was built, that one serves on, and this deploy is told so.
 * I3 An interrupt up to the end of the build leaves what serves; after it, the rest is done, in milliseconds.
 */
import { stat } from "node:fs/promises";
import { bundleApp } from "@nano/bundle/bundle-app";
import type { AppName, VersionId } from "@nano/protocol/brands";
import { isNanoError, toWireError } from "@nano/protocol/errors";
import type { AppAnswer, VersionAnswer } from "@nano/protocol/registry-api";
import type { CommandContext } from "../commands/command-context.ts";
import { toAppName } from "../config/app-names.ts";
import { type AppArtifacts, deployArtifacts, packApp } from "../deploy/app-artifacts.ts";
import { type BuildEnd, followBuild } from "../deploy/follow-build.ts";
import { errors } from "../errors.ts";
import { ExitCode } from "../exit-codes.ts";
import { showJson } from "../output/data-table.ts";
import { describeProblem, describeWire } from "../output/describe-error.ts";
import { formatBytes } from "../output/format-bytes.ts";
import type { Terminal } from "../output/terminal.ts";
import type { ClusterClient } from "../registry/cluster-client.ts";
import { listenForEnd } from "../run/end-signal.ts";
import { urlOfRoute } from "./app-url.ts";
import { DeployProgress } from "./deploy-progress.ts";
import { type ClusterFlags, connect, pickCluster } from "./open-cluster.ts";
import { rolloutRequest } from "./rollouts.ts";
import { type AppRoute, joinRoutes, parseRoute } from "./routes.ts";

export interface DeployFlags extends ClusterFlags {
  readonly app?: AppName;
  readonly route?: readonly string[];
  readonly percent?: number;
  /** With `percent`. */
  readonly cookie?: string;
  readonly activate: boolean;
}

interface Deploy {
  readonly app: AppName;
  /** What served when it began; null: nothing. */
  readonly before: VersionId | null;
  readonly made: AppArtifacts;
  readonly routes: readonly AppRoute[];
  /** Of the bundler. */
  readonly warnings: readonly string[];
}

/** Answers the exit code. @throws what the bundle or the registry refuses */
export async function deployApp(path: string, flags: DeployFlags, context: CommandContext): Promise<ExitCode> {
  if (flags.percent !== undefined && !flags.activate) {
    throw errors.USAGE({ why: "Only one of --percent and --no-activate can be given" });
  }
  if (flags.cookie !== undefined && flags.percent === undefined) {
    throw errors.USAGE({ why: "--cookie is for a share of clients: found no --percent" });
  }
  const { env, output } = context;
  // Before anything is bundled.
  const place = pickCluster(flags, env);
  const given = flags.route?.map(parseRoute) ?? null;
  await using stack = new AsyncDisposableStack();
  const end = stack.adopt(listenForEnd(), (signal) => signal.dispose());
  const ending = new AbortController();
  void end.reached.then(() => ending.abort());
  const progress = stack.adopt(new DeployProgress(flags.json === true ? null : output), (each) => each.close());
  const onWait = (text: string): void => progress.warn(text);
  const building = stack.adopt(connect(place, { signal: ending.signal, onWait }), (each) => each.close());
  const lasting = stack.adopt(connect(place, { onWait }), (each) => each.close());
  const work = async (): Promise<{ deploy: Deploy; end: BuildEnd }> => {
    const bundled = await progress.step("bundling", () => bundle(path, flags, given), sizeOf);
    progress.name = bundled.app;
    for (const warning of bundled.warnings) progress.warn(warning);
    const deploy = { ...bundled, before: await activeVersionOf(bundled.app, building.client) };
    return { deploy, end: await build(deploy, building.client, { progress, signal: ending.signal }) };
  };
  const working = work();
  const interrupt = end.reached.then(() => null);
  const done = await Promise.race([working, interrupt]).catch((error: unknown) => {
    if (ending.signal.aborted) return null;
    throw error;
  });
  if (done === null) {
    // Its calls end with the signal; what is bundled meanwhile is for nobody.
    working.catch(() => undefined);
    throw errors.INTERRUPTED({ what: "nothing has changed for clients" });
  }
  const { deploy, end: built } = done;
  const { client } = lasting;
  if (built.answer.state === "failed") {
    // The failure is told whether or not this can be had.
    const known = flags.json === true ? null : await client.readApp(deploy.app).catch(() => null);
    const rest = known?.activeVersion === null ? "nothing serves yet" : "what serves serves on";
    tellFailure(deploy.app, built.answer, { progress, output, flags, rest });
    return ExitCode.ERROR;
  }
  // Its routes may take over what another app answers, which it can only once it serves.
  const isFirst = (await client.readApp(deploy.app)).activeVersion === null;
  const serving = { client, progress, before: deploy.before };
  const early = isFirst ? await serve(built.answer, flags, serving) : null;
  const routes = await setRoutes(deploy, client, progress);
  const app = early ?? (await serve(built.answer, flags, serving));
  const urls = routes.map((route) => urlOfRoute(route, place));
  const isServed = flags.json === true || app.activeVersion === null || (await hasExecutor(client));
  tellEnd(built.answer, app, { progress, output, flags, urls });
  if (!isServed) progress.warn("No executor is there yet: requests get 503 until one is");
  return ExitCode.OK;
}

interface Telling {
  readonly progress: DeployProgress;
  readonly output: Terminal;
  readonly flags: DeployFlags;
}

/** Whether any takes requests. Who may not look at them is told nothing. */
async function hasExecutor(client: ClusterClient): Promise<boolean> {
  const nodes = await client.listNodes().catch((error: unknown) => {
    if (isNanoError(error)) return null;
    throw error;
  });
  return nodes === null || nodes.some(({ isDraining }) => !isDraining);
}

function tellFailure(
  app: AppName,
  answer: VersionAnswer,
  { progress, output, flags, rest }: Telling & { readonly rest: string },
): void {
  const { version, state } = answer;
  const error = answer.error ?? toWireError("Build failed");
  if (flags.json === true) {
    showJson({ app, version, state, error, steps: progress.steps }, output);
    return;
  }
  output.line(`${output.paint("red", "✗")} ${app}: ${version} was not built, ${rest}`);
  output.line(describeWire(error));
}

function tellEnd(
  answer: VersionAnswer,
  app: AppAnswer,
  { progress, output, flags, urls }: Telling & { readonly urls: readonly string[] },
): void {
  const { version, state } = answer;
  const { activeVersion, rollout } = app;
  if (flags.json === true) {
    showJson({ app: app.name, version, state, activeVersion, rollout, urls, steps: progress.steps }, output);
    return;
  }
  output.line(`${output.paint("green", "✓")} ${app.name}: ${describeEnd(answer, app)}`);
  if (urls.length === 0) progress.warn(`No route leads to it: nanoctl routes set ${app.name} HOST`);
  for (const url of urls) output.line(`  ${url}`);
}

async function activeVersionOf(app: AppName, client: ClusterClient): Promise<VersionId | null> {
  const known = await client.readApp(app).catch((error: unknown) => {
    if (isNanoError(error) && error.code === errors.APP_UNKNOWN.code) return null;
    throw error;
  });
  return known?.activeVersion ?? null;
}

async function bundle(
  path: string,
  flags: DeployFlags,
  given: readonly AppRoute[] | null,
): Promise<Omit<Deploy, "before">> {
  const info = await stat(path).catch((error: Error) => {
    throw errors.FILE_UNREADABLE({ path, why: error.message }, error);
  });
  const app = await bundleApp(info.isDirectory() ? { dir: path } : { entrypoint: path });
  return {
    app: flags.app ?? toAppName(app.name),
    made: await packApp(app, app.manifest),
    routes: given ?? app.routes.map(parseRoute),
    warnings: app.warnings.map(describeProblem),
  };
}

async function build(
  { app, made }: Pick<Deploy, "app" | "made">,
  registry: ClusterClient,
  { progress, signal }: { readonly progress: DeployProgress; readonly signal: AbortSignal },
): Promise<BuildEnd> {
  const version = await progress.step("uploading", () => deployArtifacts(made, { app, activate: false, registry }));
  if (version.state === "built" || version.state === "failed") return { answer: version, built: null };
  return progress.step(
    "building",
    async () => {
      const heard = progress.warnLater("waiting for a builder: none has taken the build yet");
      try {
        return await followBuild(version, {
          registry,
          signal,
          onStep: (step) => {
            heard();
            progress.status(`building: ${step}`);
          },
          onLog: (text, level) => {
            heard();
            progress.log(text, level);
          },
        });
      } finally {
        heard();
      }
    },
    ({ answer, built }) => (answer.state === "failed" ? null : built === null ? "" : `starts from ${built.rung}`),
  );
}

/** Adds what is new to the app's routes. Answers all of them. */
async function setRoutes(
  { app, routes }: Deploy,
  client: ClusterClient,
  progress: DeployProgress,
): Promise<readonly AppRoute[]> {
  const known = await client.listRoutes(app);
  const joined = joinRoutes(known, routes);
  if (joined.length === known.length) return known;
  return progress.step("setting routes", () => client.replaceAppRoutes(app, joined));
}

interface Serving {
  readonly client: ClusterClient;
  readonly progress: DeployProgress;
  readonly before: VersionId | null;
}

async function serve(
  { app, version, isActive }: VersionAnswer,
  { activate, percent, cookie }: DeployFlags,
  { client, progress, before }: Serving,
): Promise<AppAnswer> {
  const id: VersionId = version;
  if (!activate || isActive) return client.readApp(app);
  if (percent !== undefined) {
    const { activeVersion, rollout } = await client.readApp(app);
    // There is nothing that the other clients could get.
    if (activeVersion !== null) {
      return progress.step(`rolling out to ${percent} %`, () =>
        client.setRollout(
          app,
          rolloutRequest(rollout, { version: id, percent }, cookie === undefined ? {} : { cookie }),
        ),
      );
    }
    progress.warn(`${app} serves nothing yet: all clients get ${id}`);
  }
  return progress.step("activating", () => client.activate(app, id, before));
}

function describeEnd({ version }: VersionAnswer, { activeVersion, rollout }: AppAnswer): string {
  if (activeVersion === version) return `${version} serves`;
  if (rollout?.version === version)
    return `${rollout.percent} % of clients get ${version}, the others ${activeVersion}`;
  const other = activeVersion === null ? "nothing serves yet" : `${activeVersion} serves`;
  return `${version} is built, ${other}`;
}

function sizeOf({ made: { bundle: artifact, assets } }: Pick<Deploy, "made">): string {
  const scriptBytes = artifact === null ? 0 : Buffer.byteLength(artifact.script);
  const parts = [
    ...(artifact === null ? [] : [`script ${formatBytes(scriptBytes)}`]),
    ...(assets === null ? [] : [`assets ${formatBytes(assets.byteLength)}`]),
  ];
  return parts.join(", ");
}

/**
 * The config file of `nanoctl run`: the only place that knows its names and defaults. What belongs to an app's author
 * is `manifestInputSchema` of `protocol`.
 *
 * I1 A file is taken whole or not at all; all of its problems are found at once.
 */
import { readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { AppName } from "@nano/protocol/brands";
import { isNanoError } from "@nano/protocol/errors";
import { type Finding, listFindings, parseJsonText, showValue, toProblems } from "@nano/protocol/input-problems";
import { envVarsSchema, type ManifestInput, manifestInputSchema } from "@nano/protocol/manifest";
import { z } from "zod";
import { errors } from "../errors.ts";
import type { SecretSources } from "../run/app-secrets.ts";
import { ADDRESS_RANGE_WORDS, isAddressRange } from "./address-range.ts";
import { nameApps } from "./app-names.ts";
import { DOT_ENV_FILE, type DotEnv } from "./dot-env.ts";
import { parseHostPattern, parsePathPrefix } from "./hostname.ts";
import { readSecretFiles, type SecretFiles } from "./secret-files.ts";

/** Largest config file that is read. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
/** Most ranges of `server.egress_allowed_ranges`, as the executor takes them. */
const MAX_ALLOWED_RANGES = 256;
/** Bounds of how long clients are waited for, as the router takes them. */
const MIN_TIMEOUT_MS = 100;
const HOUR_MS = 3_600_000;
/** What a failed read found, by the system's code. */
const READ_FAILURES: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file"],
  ["EISDIR", "a directory"],
  ["EACCES", "a file that may not be read"],
]);
/** Most apps of one config file. */
export const MAX_APPS = 10_000;

export const serverSchema = z.strictObject({
  host: z.string().min(1).default("127.0.0.1").describe("address that the router listens on"),
  port: z.number().int().min(0).max(65_535).default(8080).describe("its port; 0: any free one"),
  admin_port: z
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(9090)
    .describe("`/metrics`, `/healthz` and `/readyz`, on localhost; 0: any free one"),
  debug_headers: z
    .boolean()
    .default(false)
    .describe(
      "say in each response of an app's script its version, worker, rung and kind of start, as `x-nano-version` and so on, and of its files the first two; not in what the platform answers, as at a limit",
    ),
  egress_allowed_ranges: z
    .array(z.string().refine(isAddressRange, ADDRESS_RANGE_WORDS))
    .max(MAX_ALLOWED_RANGES)
    .default([])
    .describe("address ranges that apps may fetch from although a rule refuses them, such as `10.1.0.0/16`"),
  headers_timeout_ms: z
    .number()
    .int()
    .min(MIN_TIMEOUT_MS)
    .max(HOUR_MS)
    .default(30_000)
    .describe("until a client's headers are complete; never longer than `request_timeout_ms`"),
  request_timeout_ms: z
    .number()
    .int()
    .min(MIN_TIMEOUT_MS)
    .max(24 * HOUR_MS)
    .default(300_000)
    .describe("until a client's request is complete, its body included"),
  stall_timeout_ms: z
    .number()
    .int()
    .min(MIN_TIMEOUT_MS)
    .max(HOUR_MS)
    .default(120_000)
    .describe("how long a client may take nothing of an answer that waits for it"),
});

const hostnameSchema = z.string().transform((text, context) => {
  const parsed = parseHostPattern(text);
  if (parsed !== undefined) return parsed;
  context.issues.push({
    code: "custom",
    input: text,
    message: "a hostname, `*.` and a hostname, or an IP address; no port",
  });
  return z.NEVER;
});

const pathSchema = z.string().transform((text, context) => {
  const parsed = parsePathPrefix(text);
  if (parsed !== undefined) return parsed;
  context.issues.push({ code: "custom", input: text, message: "a path that begins with /" });
  return z.NEVER;
});

/** Not a part of the manifest: an app's own `nano.json` travels with its code, where no secret has a place. */
const secretFilesSchema = z.record(envVarsSchema.keyType, z.string().min(1));

export const appSchema = manifestInputSchema.extend({
  hostname: hostnameSchema.describe("who is asked: `shop.example.com`, `*.example.com`"),
  path: pathSchema.default("/").describe("path prefix on segment borders; left out: `/`"),
  entrypoint: z.string().min(1).optional().describe("file or directory of the app, from the config file's directory"),
  sliver: z.string().min(1).optional().describe("a ready sliver, in place of `entrypoint`"),
  secret_files: secretFilesSchema
    .default({})
    .describe("names, and files whose text the app finds in `env` under them, from its first request on"),
});

export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  server: serverSchema.default(() => serverSchema.parse({})),
  apps: z.array(appSchema).max(MAX_APPS),
});

/** How long clients are waited for. */
export interface ClientTimeouts {
  readonly headersMs: number;
  readonly requestMs: number;
  readonly stallMs: number;
}

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly egressAllowedRanges: readonly string[];
  readonly debugHeaders: boolean;
  readonly clientTimeouts: ClientTimeouts;
}

/** An app as it is to be served, however the user named it. */
export interface AppPlan {
  readonly name: AppName;
  readonly routes: readonly { readonly host: string; readonly path: string }[];
  readonly source: { readonly kind: "code" | "sliver"; readonly path: string };
  /** As written: an app's own `nano.json` fills what is left out here. */
  readonly manifest: ManifestInput;
  readonly secrets: SecretSources;
}

export interface RunPlan {
  readonly server: ServerSettings;
  readonly apps: readonly AppPlan[];
}

export function toServerSettings(server: z.infer<typeof serverSchema>): ServerSettings {
  const { host, port, admin_port: adminPort, egress_allowed_ranges: egressAllowedRanges } = server;
  const clientTimeouts: ClientTimeouts = {
    headersMs: server.headers_timeout_ms,
    requestMs: server.request_timeout_ms,
    stallMs: server.stall_timeout_ms,
  };
  return { host, port, adminPort, egressAllowedRanges, debugHeaders: server.debug_headers, clientTimeouts };
}

/** Reads and checks a config file. @throws CTL_CONFIG_INVALID with every problem */
export async function loadConfigFile(file: string): Promise<RunPlan> {
  const refuse = (found: string, expected: string, cause?: unknown) =>
    errors.CONFIG_INVALID({ file, problems: [{ place: "(file)", found, expected }] }, cause);
  try {
    const { size } = await stat(file);
    if (size > MAX_CONFIG_BYTES) throw refuse(`${size} bytes`, `at most ${MAX_CONFIG_BYTES}`);
    return await parseConfig(await readFile(file, "utf8"), file);
  } catch (error) {
    if (isNanoError(error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw refuse(READ_FAILURES.get(code ?? "") ?? code ?? "an error", "a config file that can be read", error);
  }
}

/** @throws CTL_CONFIG_INVALID with every problem */
export async function parseConfig(text: string, file: string): Promise<RunPlan> {
  const value = parseJson(text, file);
  const parsed = configSchema.safeParse(value);
  const base = dirname(file);
  const findings = parsed.success ? [] : listFindings(parsed.error, value);
  findings.push(...listUnclearSources(value), ...(await listMissingSources(value, base)), ...listDoubleRoutes(value));
  findings.push(...(await listSecretProblems(value, base)));
  if (!parsed.success || findings.length > 0) {
    throw errors.CONFIG_INVALID({ file, problems: toProblems(findings, value) });
  }

  const { server, apps } = parsed.data;
  const names = nameApps(apps);
  return {
    server: toServerSettings(server),
    apps: await Promise.all(
      apps.map(async (app, i) => ({
        name: names[i] as AppName,
        routes: [{ host: app.hostname, path: app.path }],
        source:
          app.sliver === undefined
            ? { kind: "code", path: resolve(base, app.entrypoint as string) }
            : { kind: "sliver", path: resolve(base, app.sliver) },
        manifest: writtenManifest((value as { apps: ManifestInput[] }).apps[i] as ManifestInput),
        secrets: {
          files: resolvePaths(app.secret_files, base),
          dotEnv:
            app.entrypoint === undefined
              ? null
              : await dotEnvOf(resolve(base, app.entrypoint), [
                  ...Object.keys(app.env_vars),
                  ...Object.keys(app.secret_files),
                ]),
        },
      })),
    ),
  };
}

/** Where the `.env` of an app's code is. @param takenNames what goes before it */
export async function dotEnvOf(path: string, takenNames: readonly string[]): Promise<DotEnv> {
  const isFile = (await stat(path).catch(() => null))?.isFile() === true;
  return { path: join(isFile ? dirname(path) : path, DOT_ENV_FILE), takenNames };
}

/** The manifest's part of an app, without the defaults. */
function writtenManifest(app: ManifestInput): ManifestInput {
  const keys = Object.keys(manifestInputSchema.shape) as (keyof ManifestInput)[];
  return Object.fromEntries(keys.filter((key) => app[key] !== undefined).map((key) => [key, app[key]]));
}

function parseJson(text: string, file: string): unknown {
  const parsed = parseJsonText(text);
  if ("problem" in parsed) throw errors.CONFIG_INVALID({ file, problems: [parsed.problem] });
  return parsed.value;
}

/** The apps of a value that may be anything, for checks that go past the schema. */
function appsOf(value: unknown): Record<string, unknown>[] {
  const apps = (value as { apps?: unknown } | null)?.apps;
  return Array.isArray(apps) ? apps.map((app) => (typeof app === "object" && app !== null ? app : {})) : [];
}

/** Not a part of the schema: a check of the whole app would wait until each of its values is right. */
function listUnclearSources(value: unknown): Finding[] {
  return appsOf(value).flatMap(({ entrypoint, sliver }, i) => {
    if ((entrypoint === undefined) !== (sliver === undefined)) return [];
    const expected = "one of `entrypoint` and `sliver`";
    return entrypoint === undefined
      ? [{ path: ["apps", i, "entrypoint"], found: "nothing", expected }]
      : [{ path: ["apps", i, "sliver"], found: "both", expected }];
  });
}

async function listMissingSources(value: unknown, base: string): Promise<Finding[]> {
  const checks = appsOf(value).flatMap((app, i) =>
    (["entrypoint", "sliver"] as const).map(async (key): Promise<Finding[]> => {
      const path = app[key];
      if (typeof path !== "string" || path === "") return [];
      const info = await stat(resolve(base, path)).catch(() => null);
      if (info !== null && (info.isFile() || key === "entrypoint")) return [];
      const expected = key === "sliver" ? "a file that exists" : "a file or directory that exists";
      return [{ path: ["apps", i, key], found: showValue(path), expected }];
    }),
  );
  return (await Promise.all(checks)).flat();
}

function resolvePaths(files: SecretFiles, base: string): SecretFiles {
  return Object.fromEntries(Object.entries(files).map(([name, path]) => [name, resolve(base, path)]));
}

/** One app after the other: of many, only one's secrets are in memory. */
async function listSecretProblems(value: unknown, base: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [i, { secret_files: written, env_vars: variables }] of appsOf(value).entries()) {
    const parsed = secretFilesSchema.safeParse(written);
    if (!parsed.success) continue;
    const place = ["apps", i, "secret_files"];
    for (const name of Object.keys(parsed.data)) {
      if (typeof variables !== "object" || variables === null || !Object.hasOwn(variables, name)) continue;
      findings.push({ path: [...place, name], found: "a name that env_vars has, too", expected: "a name of its own" });
    }
    for (const { name, found, expected } of (await readSecretFiles(resolvePaths(parsed.data, base))).problems) {
      findings.push({ path: name === null ? place : [...place, name], found, expected });
    }
  }
  return findings;
}

function listDoubleRoutes(value: unknown): Finding[] {
  const first = new Map<string, number>();
  return appsOf(value).flatMap((app, i) => {
    const host = typeof app.hostname === "string" ? parseHostPattern(app.hostname) : undefined;
    const path = parsePathPrefix(typeof app.path === "string" ? app.path : "/");
    if (host === undefined || path === undefined) return [];
    const taken = first.get(`${host}${path}`);
    if (taken === undefined) {
      first.set(`${host}${path}`, i);
      return [];
    }
    const found = `${JSON.stringify(host)} with path ${JSON.stringify(path)}, as apps[${taken}] has`;
    return [{ path: ["apps", i, "hostname"], found, expected: "a hostname and path of its own" }];
  });
}

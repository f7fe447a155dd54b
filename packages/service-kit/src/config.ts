/**
 * A service's configuration: one definition holds names, defaults, ranges and docs; everything else is derived.
 *
 * I1 Precedence is explicit, environment, file, default.
 * I2 All problems are found before anything opens, and are listed together; a name that nobody knows is one of them.
 * I3 The result is frozen. It holds no secret, only the paths of files with secrets.
 */
import { readFileSync } from "node:fs";
import { address, type ConfigField, choice, durationMs, optional } from "./config-field.ts";
import { type ConfigProblem, errors } from "./errors.ts";

/** Fields by name, in groups by name. */
export interface ConfigShape {
  readonly [name: string]: ConfigField<unknown> | ConfigShape;
}

/** What code reads, derived from the shape. */
export type ConfigOf<S extends ConfigShape> = {
  readonly [K in keyof S]: S[K] extends ConfigField<infer T> ? T : S[K] extends ConfigShape ? ConfigOf<S[K]> : never;
};

/** What a test or a parent may set in code. */
export type ExplicitConfig<S extends ConfigShape> = {
  readonly [K in keyof S]?: S[K] extends ConfigField<unknown>
    ? unknown
    : S[K] extends ConfigShape
      ? ExplicitConfig<S[K]>
      : never;
};

/** What every service has beside its own fields; a service may define one of these groups anew. */
export const commonShape = {
  log: {
    level: choice(["debug", "info", "warn", "error", "silent"], {
      doc: "least severe log line written",
      default: "info",
    }),
  },
  admin: {
    address: optional(address({ doc: "where /metrics, /healthz and /readyz answer; unset: nowhere" })),
  },
  shutdown: {
    graceMs: durationMs({
      doc: "from the signal to end until the process leaves, finished or not",
      min: 0,
      max: 600_000,
      default: 10_000,
    }),
  },
} satisfies ConfigShape;

export interface ConfigDefinition<S extends ConfigShape> {
  /** What the environment names begin with: `ROUTER`. */
  readonly prefix: string;
  readonly shape: S;
  readonly fields: readonly NamedField[];
}

/** A field with the names by which it can be set. */
export interface NamedField {
  /** `upstream.connectTimeoutMs` */
  readonly path: string;
  /** `ROUTER_UPSTREAM_CONNECT_TIMEOUT_MS` */
  readonly envName: string;
  /** `upstream.connect_timeout_ms` */
  readonly fileName: string;
  readonly field: ConfigField<unknown>;
}

export type ConfigSource = "explicit" | "env" | "file" | "default";

export interface ConfigEntry extends NamedField {
  readonly value: unknown;
  readonly source: ConfigSource;
}

export interface LoadedConfig<T> {
  readonly value: T;
  readonly entries: readonly ConfigEntry[];
}

export interface ConfigInputs<S extends ConfigShape> {
  readonly explicit?: ExplicitConfig<S>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Path of a JSON file; the environment name `<PREFIX>_CONFIG_FILE` gives one too. */
  readonly file?: string;
  /** A directory or key that cannot be used is a problem, too. @default false: they may be of another machine */
  readonly checksPlaces?: boolean;
}

function isField(entry: ConfigField<unknown> | ConfigShape): entry is ConfigField<unknown> {
  return (entry as { isField?: unknown }).isField === true;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function nameFields(prefix: string, shape: ConfigShape, parents: readonly string[]): NamedField[] {
  return Object.entries(shape).flatMap(([name, entry]) => {
    const names = [...parents, name];
    if (!isField(entry)) return nameFields(prefix, entry, names);
    const secretSuffix = entry.isSecret ? "_file" : "";
    const fileName = names.map(snake).join(".") + secretSuffix;
    const envName = `${prefix}_${fileName.replaceAll(".", "_").toUpperCase()}`;
    return [{ path: names.join("."), envName, fileName, field: entry }];
  });
}

/** Declares a service's configuration; the fields that every service has are added. */
export function defineConfig<const S extends ConfigShape>(
  prefix: string,
  shape: S,
): ConfigDefinition<Omit<typeof commonShape, keyof S> & S> {
  const whole = { ...commonShape, ...shape } as Omit<typeof commonShape, keyof S> & S;
  return { prefix, shape: whole, fields: nameFields(prefix, whole, []) };
}

/** The configuration that a definition leads to. */
export type ConfigFor<D> = D extends ConfigDefinition<infer S> ? ConfigOf<S> : never;

const MAX_SHOWN_CHARS = 120;

function show(value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > MAX_SHOWN_CHARS ? `${shown.slice(0, MAX_SHOWN_CHARS)}…` : shown;
}

type Found = ReadonlyMap<string, unknown>;

/** Flattens nested settings to `group.name` → value, stopping at names that are fields. */
function flatten(value: unknown, known: ReadonlySet<string>, groups: ReadonlySet<string>): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const walk = (node: unknown, path: string): void => {
    if (path !== "" && (known.has(path) || !groups.has(path))) {
      found.set(path, node);
      return;
    }
    if (typeof node !== "object" || node === null || Array.isArray(node)) {
      found.set(path, node);
      return;
    }
    for (const [name, child] of Object.entries(node)) {
      if (child !== undefined) walk(child, path === "" ? name : `${path}.${name}`);
    }
  };
  walk(value, "");
  return found;
}

function groupsOf(names: readonly string[]): Set<string> {
  const groups = new Set<string>();
  for (const name of names) {
    const parts = name.split(".");
    for (let length = 1; length < parts.length; length++) groups.add(parts.slice(0, length).join("."));
  }
  return groups;
}

function readNested(value: unknown, names: readonly string[], where: string, problems: ConfigProblem[]): Found {
  const known = new Set(names);
  const found = flatten(value, known, groupsOf(names));
  for (const [path, got] of found) {
    if (known.has(path)) continue;
    const at = path === "" ? where : `${path} (${where})`;
    problems.push({ path: at, got: show(got), expected: path === "" ? "an object" : "no such setting" });
  }
  return found;
}

function readFile(path: string, problems: ConfigProblem[]): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    problems.push({ path: `file ${path}`, got: why, expected: "a readable JSON file" });
    return {};
  }
}

function readEnv(
  definition: ConfigDefinition<ConfigShape>,
  env: Readonly<Record<string, string | undefined>>,
  problems: ConfigProblem[],
): Found {
  const known = new Set(definition.fields.map((named) => named.envName));
  const found = new Map<string, unknown>();
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(`${definition.prefix}_`) || value === undefined || value === "") continue;
    if (name === `${definition.prefix}_CONFIG_FILE`) continue;
    if (known.has(name)) found.set(name, value);
    // The value is not shown: it may be a secret under a mistyped name.
    else problems.push({ path: name, got: "a value", expected: "no such environment name" });
  }
  return found;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    for (const child of Object.values(value)) deepFreeze(child);
    Object.freeze(value);
  }
  return value;
}

function nest(entries: readonly ConfigEntry[]): unknown {
  const root: Record<string, unknown> = {};
  for (const entry of entries) {
    const names = entry.path.split(".");
    const last = names.pop() as string;
    let group = root;
    for (const name of names) {
      group[name] ??= {};
      group = group[name] as Record<string, unknown>;
    }
    group[last] = entry.value;
  }
  return deepFreeze(root);
}

/**
 * Reads a configuration from everywhere it may be set.
 *
 * @throws KIT_CONFIG_INVALID with every problem in `details.problems`
 */
export function loadConfig<S extends ConfigShape>(
  definition: ConfigDefinition<S>,
  inputs: ConfigInputs<S> = {},
): LoadedConfig<ConfigOf<S>> {
  const problems: ConfigProblem[] = [];
  const env = inputs.env ?? {};
  const explicit = readNested(
    inputs.explicit ?? {},
    definition.fields.map((n) => n.path),
    "in code",
    problems,
  );
  const fromEnv = readEnv(definition, env, problems);
  const filePath = inputs.file ?? (env[`${definition.prefix}_CONFIG_FILE`] || undefined);
  const fromFile: Found =
    filePath === undefined
      ? new Map()
      : readNested(
          readFile(filePath, problems),
          definition.fields.map((n) => n.fileName),
          `file ${filePath}`,
          problems,
        );

  const findFault = (path: string, { field }: NamedField, value: unknown): void => {
    const fault = inputs.checksPlaces === true ? field.findFault(value) : null;
    if (fault !== null) problems.push({ path, got: `${show(value)} (${fault})`, expected: field.expected });
  };
  const entries = definition.fields.map((named): ConfigEntry => {
    const candidates: readonly [ConfigSource, string, Found, string][] = [
      ["explicit", named.path, explicit, `${named.path} (in code)`],
      ["env", named.envName, fromEnv, `${named.path} (${named.envName})`],
      ["file", named.fileName, fromFile, `${named.path} (${named.fileName} in file ${filePath})`],
    ];
    for (const [source, name, found, path] of candidates) {
      if (!found.has(name)) continue;
      const raw = found.get(name);
      const isNull = raw === null && named.field.fallback === null;
      const value = isNull ? null : named.field.parse(raw);
      if (value === undefined) problems.push({ path, got: show(raw), expected: named.field.expected });
      else findFault(path, named, value);
      return { ...named, value, source };
    }
    if (named.field.isRequired) {
      problems.push({ path: `${named.path} (${named.envName})`, got: "nothing", expected: named.field.expected });
    }
    findFault(named.path, named, named.field.fallback);
    return { ...named, value: named.field.fallback, source: "default" };
  });

  if (problems.length > 0) throw errors.CONFIG_INVALID({ prefix: definition.prefix, problems });
  return { value: nest(entries) as ConfigOf<S>, entries };
}

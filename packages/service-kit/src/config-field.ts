/**
 * The fields that a service's configuration is made of.
 *
 * Each takes what it finds, text from the environment or a JSON value from a file, and gives the value that code
 * reads, or `undefined` where it does not understand. Written here rather than with a schema library because every
 * process of NANO reads a configuration before it does anything else, and the library takes 70 ms to load.
 */
import { whyNotPrivate, whyNotReadable, whyNotWritable } from "./places.ts";
import { checkSecretFile, createSecretFile, type SecretFile } from "./secret-file.ts";

export interface ConfigField<T> {
  readonly isField: true;
  readonly doc: string;
  /** What the number counts (`ms`, `bytes`); empty where there is none. */
  readonly unit: string;
  /** What is accepted, in words. */
  readonly expected: string;
  readonly isSecret: boolean;
  readonly isRequired: boolean;
  /** Meaningless where `isRequired`. */
  readonly fallback: T | undefined;
  /** The fallback in words, where it depends on the machine. */
  readonly fallbackWords: string | undefined;
  /** `undefined` where `raw` is not acceptable. */
  readonly parse: (raw: unknown) => T | undefined;
  /** What is wrong with the place on disk that the value names; null: nothing, as where there is none. */
  readonly findFault: (value: unknown) => string | null;
}

interface Described<T> {
  readonly doc: string;
  /** Without one the field is required. */
  readonly default?: T;
  /** What the table in README says of a default that depends on the machine. */
  readonly defaultWords?: string;
}

interface Kind<T> {
  readonly expected: string;
  readonly unit?: string;
  readonly isSecret?: boolean;
  readonly parse: (raw: unknown) => T | undefined;
  readonly findFault?: (path: string) => string | null;
}

function defineField<T>(described: Described<T>, kind: Kind<T>): ConfigField<T> {
  return {
    isField: true,
    doc: described.doc,
    unit: kind.unit ?? "",
    expected: kind.expected,
    isSecret: kind.isSecret ?? false,
    isRequired: described.default === undefined,
    fallback: described.default,
    fallbackWords: described.defaultWords,
    parse: kind.parse,
    findFault: (value) => (typeof value === "string" ? (kind.findFault?.(value) ?? null) : null),
  };
}

function parseNumber(raw: unknown): number | undefined {
  if (typeof raw === "number") return Number.isFinite(raw) ? raw : undefined;
  if (typeof raw !== "string" || !/^-?\d+(?:\.\d+)?$/.test(raw.trim())) return undefined;
  return Number(raw);
}

interface Range {
  readonly min: number;
  readonly max: number;
}

function within(value: number | undefined, range: Range): number | undefined {
  return value !== undefined && value >= range.min && value <= range.max ? value : undefined;
}

/** A whole number; name the field for what it counts. */
export function integer(options: Described<number> & Range & { readonly unit?: string }): ConfigField<number> {
  return defineField(options, {
    unit: options.unit ?? "count",
    expected: `a whole number from ${options.min} to ${options.max}`,
    parse: (raw) => {
      const value = within(parseNumber(raw), options);
      return value !== undefined && Number.isInteger(value) ? value : undefined;
    },
  });
}

/** A number with a fraction, such as a share from 0 to 1. */
export function decimal(options: Described<number> & Range & { readonly unit?: string }): ConfigField<number> {
  return defineField(options, {
    unit: options.unit ?? "ratio",
    expected: `a number from ${options.min} to ${options.max}`,
    parse: (raw) => within(parseNumber(raw), options),
  });
}

function parseScaled(raw: unknown, scales: Readonly<Record<string, number>>): number | undefined {
  const plain = parseNumber(raw);
  if (plain !== undefined) return plain;
  if (typeof raw !== "string") return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(raw.trim());
  const scale = match === null ? undefined : scales[match[2] as string];
  return match === null || scale === undefined ? undefined : Math.round(Number(match[1]) * scale);
}

const DURATION_SCALES = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds, also written `250ms`, `30s`, `5m`, `1h`. Its name ends in `Ms`. */
export function durationMs(options: Described<number> & Range): ConfigField<number> {
  return defineField(options, {
    unit: "ms",
    expected: `a duration from ${options.min} to ${options.max} ms, as a number or as "30s"`,
    parse: (raw) => within(parseScaled(raw, DURATION_SCALES), options),
  });
}

const KIB = 1024;
const SIZE_SCALES = {
  B: 1,
  KiB: KIB,
  MiB: KIB ** 2,
  GiB: KIB ** 3,
  TiB: KIB ** 4,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
};

/** Bytes, also written `64KiB`, `128MiB`, `1GiB`. Its name ends in `Bytes`. */
export function sizeBytes(options: Described<number> & Range): ConfigField<number> {
  return defineField(options, {
    unit: "bytes",
    expected: `a size from ${options.min} to ${options.max} bytes, as a number or as "64MiB"`,
    parse: (raw) => {
      const value = within(parseScaled(raw, SIZE_SCALES), options);
      return value !== undefined && Number.isInteger(value) ? value : undefined;
    },
  });
}

/** A line of text: a path, a name, a URL. */
export function text(
  options: Described<string> & { readonly pattern?: RegExp; readonly expected?: string },
): ConfigField<string> {
  return defineField(options, {
    expected: options.expected ?? "text",
    parse: (raw) =>
      typeof raw === "string" && raw !== "" && (options.pattern === undefined || options.pattern.test(raw))
        ? raw
        : undefined,
  });
}

function place(
  options: Described<string>,
  expected: string,
  findFault: (path: string) => string | null,
): ConfigField<string> {
  return defineField(options, {
    expected,
    parse: (raw) => (typeof raw === "string" && raw !== "" ? raw : undefined),
    findFault,
  });
}

/** A directory that is written to, and made where it is missing. */
export function writableDirectory(options: Described<string>): ConfigField<string> {
  return place(options, "a directory that this process may write to, or make", whyNotWritable);
}

/** A directory that is read, and may be missing as yet. */
export function readableDirectory(options: Described<string>): ConfigField<string> {
  return place(options, "a directory that this process may read", whyNotReadable);
}

/** A file with a key that this user alone may read. @param options.isMade where there is none, the service makes one */
export function privateFile(options: Described<string> & { readonly isMade?: boolean }): ConfigField<string> {
  return place(options, "a file that this process may read, and nobody else (mode 600)", (path) =>
    whyNotPrivate(path, options),
  );
}

/** `true` or `false`. */
export function flag(options: Described<boolean>): ConfigField<boolean> {
  return defineField(options, {
    expected: "true or false",
    parse: (raw) => {
      if (typeof raw === "boolean") return raw;
      if (raw === "true" || raw === "1") return true;
      return raw === "false" || raw === "0" ? false : undefined;
    },
  });
}

/** One of a few words. */
export function choice<const T extends string>(
  values: readonly T[],
  options: { readonly doc: string; readonly default?: NoInfer<T> },
): ConfigField<T> {
  return defineField<T>(options as Described<T>, {
    expected: `one of ${values.join(", ")}`,
    parse: (raw) => values.find((value) => value === raw),
  });
}

/** Several texts: an array in a file, separated by commas in the environment. */
export function list(
  options: Described<readonly string[]> & { readonly maxCount: number },
): ConfigField<readonly string[]> {
  return defineField(options, {
    expected: `at most ${options.maxCount} texts, separated by commas`,
    parse: (raw) => {
      const parts = typeof raw === "string" ? raw.split(",").map((part) => part.trim()) : raw;
      if (!Array.isArray(parts) || parts.length > options.maxCount) return undefined;
      return parts.every((part) => typeof part === "string" && part !== "") ? Object.freeze([...parts]) : undefined;
    },
  });
}

const ADDRESS = /^(?:\/.+|(?:\[[0-9a-fA-F:.]+\]|[^\s:/]+):\d{1,5})$/;

/** Where to listen or connect: `host:port` (port 0: any free one) or the absolute path of a Unix socket. */
export function address(options: Described<string>): ConfigField<string> {
  return defineField(options, {
    expected: "host:port, or the absolute path of a Unix socket",
    parse: (raw) => {
      if (typeof raw !== "string" || !ADDRESS.test(raw)) return undefined;
      return raw.startsWith("/") || Number(raw.slice(raw.lastIndexOf(":") + 1)) <= 65_535 ? raw : undefined;
    },
  });
}

/** A secret, given as the path of a file that holds it. Its environment name ends in `_FILE`. */
export function secretFile(options: { readonly doc: string }): ConfigField<SecretFile> {
  return defineField<SecretFile>(options, {
    expected: "the path of a readable regular file of at most 64 KiB that holds the secret",
    isSecret: true,
    parse: (raw) => (typeof raw === "string" && checkSecretFile(raw) === null ? createSecretFile(raw) : undefined),
  });
}

/** The same field, but it may be left out: then it is `null`. */
export function optional<T>(field: ConfigField<T>): ConfigField<T | null> {
  return { ...field, isRequired: false, fallback: null };
}

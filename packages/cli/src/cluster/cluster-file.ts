/**
 * The clusters that this user is logged in to: one JSON file, for this user alone.
 *
 * I1 The file appears whole or not at all, and is never readable by others.
 * I2 No message holds a token.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { formatProblems, listProblems, parseJsonText } from "@nano/protocol/input-problems";
import { z } from "zod";
import { errors } from "../errors.ts";
import { ENDPOINT_EXPECTED, parseEndpoint } from "../registry/endpoint.ts";

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_CLUSTERS = 256;
const OTHERS_MODE_BITS = 0o077;

export const clusterNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "a name of letters, digits, `.`, `_` and `-`");

const clusterSchema = z.strictObject({
  url: z.string().refine((text) => parseEndpoint(text) !== null, ENDPOINT_EXPECTED),
  /** Null over a Unix socket. */
  token: z.string().nullable(),
  /** Path of certificates in PEM. */
  ca: z.string().nullable().default(null),
  /** Where apps are asked: `https://` or `http://host:port` of the routers; its host is that of each app. */
  apps_url: z.string().nullable().default(null),
});

const fileSchema = z.strictObject({
  current: clusterNameSchema.nullable(),
  clusters: z
    .record(clusterNameSchema, clusterSchema)
    .refine((clusters) => Object.keys(clusters).length <= MAX_CLUSTERS, `at most ${MAX_CLUSTERS} clusters`),
});

export type Cluster = z.output<typeof clusterSchema>;
export type Clusters = z.output<typeof fileSchema>;

type Env = Readonly<Record<string, string | undefined>>;

export function clusterFilePath(env: Env): string {
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config"), "nano", "clusters.json");
}

/** @throws CTL_CLUSTER_FILE_UNUSABLE */
export function readClusters(path: string): Clusters {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) return { current: null, clusters: {} };
  const refuse = (found: string, expected: string) => errors.CLUSTER_FILE_UNUSABLE({ path, found, expected });
  if (!info.isFile() || info.size > MAX_FILE_BYTES) {
    throw refuse(info.isFile() ? `${info.size} bytes` : "no file", `a file of at most ${MAX_FILE_BYTES} bytes`);
  }
  if ((info.mode & OTHERS_MODE_BITS) !== 0) {
    throw refuse(`mode 0${(info.mode & 0o777).toString(8)}`, "0600: it holds tokens, run chmod 600 on it");
  }
  const text = parseJsonText(readFileSync(path, "utf8"));
  if ("problem" in text) throw refuse(text.problem.found, text.problem.expected);
  const parsed = fileSchema.safeParse(text.value);
  if (parsed.success) return parsed.data;
  // A token stands under none of these places: it may be any text.
  throw refuse(`\n${formatProblems(listProblems(parsed.error, text.value))}\n `, "what nanoctl login writes");
}

/** @throws CTL_FILE_UNWRITABLE */
export function writeClusters(path: string, clusters: Clusters): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, `${JSON.stringify(clusters, null, 2)}\n`, { mode: 0o600 });
    // The umask of the moment does not decide it.
    chmodSync(temporary, 0o600);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw errors.FILE_UNWRITABLE({ path, why: error instanceof Error ? error.message : String(error) }, error);
  }
}

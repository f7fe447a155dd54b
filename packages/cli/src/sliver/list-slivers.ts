/** `nanoctl sliver list`: what the node of a data directory holds. Reads its cache, whether or not NANO runs, and writes nothing. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type ListedEntry, type ListedSliver, listCacheEntries } from "@nano/sliver/cache-listing";
import { cacheDirectoryOf, DATA_DIRECTORY } from "../config/data-directory.ts";
import { errors } from "../errors.ts";
import { formatAge } from "../output/format-age.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { alignColumns, printable, type Terminal } from "../output/terminal.ts";

export interface ListOptions {
  /** What `--data-dir` says; null: the one of the current directory, which need not be there. */
  readonly dataDirectory: string | null;
  readonly asJson: boolean;
  readonly terminal: Terminal;
  readonly nowMs: number;
}

/** @throws CTL_FILE_UNREADABLE */
export async function listSlivers({ dataDirectory, asJson, terminal, nowMs }: ListOptions): Promise<void> {
  const directory = resolve(dataDirectory ?? DATA_DIRECTORY);
  const entries = await readEntries(directory, dataDirectory !== null);
  if (asJson) {
    terminal.line(JSON.stringify(toJson(directory, entries), null, 2));
    return;
  }
  const slivers = sliversOf(entries);
  if (slivers.length > 0) showTable(slivers, terminal, nowMs);
  for (const entry of entries) {
    if (entry.type === "unusable") terminal.line(printable(`${entry.digest} is not used: ${entry.reason}`));
  }
  terminal.line(printable(summarise(directory, entries)));
}

async function readEntries(directory: string, mustExist: boolean): Promise<readonly ListedEntry[]> {
  try {
    // A slip in `--data-dir` is not to look like a node that holds nothing.
    if (mustExist) await stat(directory);
    return await listCacheEntries(cacheDirectoryOf(directory));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw errors.FILE_UNREADABLE({ path: directory, why }, error);
  }
}

function sliversOf(entries: readonly ListedEntry[]): readonly ListedSliver[] {
  return entries
    .filter((entry) => entry.type === "sliver")
    .sort((a, b) => compare(a.app, b.app) || b.lastUsedAt.getTime() - a.lastUsedAt.getTime());
}

function showTable(slivers: readonly ListedSliver[], terminal: Terminal, nowMs: number): void {
  const cells = slivers.map((sliver) => [
    sliver.app,
    sliver.versionId,
    sliver.rung,
    formatBytes(sliver.entryBytes),
    sliver.snapshotBytes === 0 ? "none" : formatBytes(sliver.snapshotBytes),
    formatAge(nowMs - sliver.lastUsedAt.getTime()),
  ]);
  const [head, ...lines] = alignColumns([["app", "version", "starts from", "size", "snapshot", "last used"], ...cells]);
  terminal.line(terminal.paint("dim", head ?? ""));
  for (const line of lines) terminal.line(printable(line));
}

function summarise(directory: string, entries: readonly ListedEntry[]): string {
  const slivers = entries.filter((entry) => entry.type === "sliver");
  const packs = entries.filter((entry) => entry.type === "assets");
  if (slivers.length === 0 && packs.length === 0) return `No slivers in ${directory}`;
  const parts = [
    `${count(slivers.length, "sliver")}, ${formatBytes(bytesOf(slivers))}`,
    ...(packs.length === 0 ? [] : [`${count(packs.length, "asset pack")}, ${formatBytes(bytesOf(packs))}`]),
  ];
  return `${parts.join("; ")} in ${directory}`;
}

function toJson(directory: string, entries: readonly ListedEntry[]) {
  return {
    directory,
    slivers: sliversOf(entries).map(({ type: _, ...sliver }) => sliver),
    assets: entries.filter((entry) => entry.type === "assets").map(({ type: _, ...pack }) => pack),
    unusable: entries.filter((entry) => entry.type === "unusable").map(({ type: _, ...entry }) => entry),
  };
}

function bytesOf(entries: readonly ListedEntry[]): number {
  return entries.reduce((sum, { entryBytes }) => sum + entryBytes, 0);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

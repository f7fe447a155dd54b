/** `nanoctl sliver inspect`: what a sliver says about itself, in words or as JSON. */
import { describeSliver } from "@nano/sliver/sliver-file";
import type { SliverManifest } from "@nano/sliver/sliver-manifest";
import { formatBytes } from "../output/format-bytes.ts";
import { alignColumns, printable, type Terminal } from "../output/terminal.ts";
import { readSliverBytes } from "./read-sliver.ts";

export interface InspectOptions {
  readonly path: string;
  readonly asJson: boolean;
  readonly terminal: Terminal;
}

const RUNG_WORDS = {
  heap: "from its initialised heap (the best rung)",
  bytecode: "from source with kept bytecode",
  source: "from source",
} as const;

/** @throws SLIVER_… where the file is no sliver, CTL_FILE_UNREADABLE */
export async function inspectSliver({ path, asJson, terminal }: InspectOptions): Promise<void> {
  const bytes = await readSliverBytes(path);
  const { format, keyId, manifest, sections } = describeSliver(bytes);
  // What attaches to a context of the snapshot is nobody's business but the host's.
  const { attachSecret: _, ...shown } = manifest;
  if (asJson) {
    const told = sections.map(({ kind, storedBytes, rawBytes, rawDigest }) => ({
      kind,
      storedBytes,
      rawBytes,
      rawDigest,
    }));
    const all = { format, fileBytes: bytes.byteLength, keyId, manifest: shown, sections: told };
    terminal.line(JSON.stringify(all, null, 2));
    return;
  }
  const rows = [
    ["app", shown.app],
    ["version", shown.versionId],
    ["starts", RUNG_WORDS[shown.rung]],
    ...shown.skippedRungs.map((skipped) => [`  not by ${skipped.rung}`, skipped.reason]),
    ["isolation", shown.isolation],
    ["init", describeInit(shown)],
    ["snapshot", describeSnapshot(shown)],
    ["restore", describeCost(shown.restoreMs, "for an isolate")],
    ["context", describeContext(shown)],
    ...shown.warnings.map((warning, i) => [i === 0 ? "warnings" : "", warning]),
    ["engine", shown.fingerprint],
    ["signed by", `${keyId} (not checked here: nanoctl sliver verify)`],
    ["file", `${formatBytes(bytes.byteLength)}, format ${format}`],
    ...sections.map((section) => [
      `  ${section.kind}`,
      `${formatBytes(section.rawBytes)}, ${formatBytes(section.storedBytes)} compressed`,
    ]),
  ];
  // A line end in a sentence of the builder's must not begin a row of its own.
  for (const line of alignColumns(rows)) terminal.line(printable(line.replaceAll("\n", " ")));
}

type ShownManifest = Omit<SliverManifest, "attachSecret">;

function describeInit({ initMs, rung }: ShownManifest): string {
  const when = rung === "heap" ? "at build, spared at each start" : "at build, and again for each context";
  return `${initMs.toFixed(1)} ms ${when}`;
}

function describeSnapshot({ snapshotBytes, rung }: ShownManifest): string {
  if (snapshotBytes === 0) return "none";
  return `${formatBytes(snapshotBytes)}, ${rung === "heap" ? "the app's heap" : "the web API's heap alone"}`;
}

function describeContext({ contextMs, contextBytes, isolation }: ShownManifest): string {
  const how = isolation === "request" ? "for each request" : "once for each isolate";
  const memory = contextBytes === undefined ? "" : `, ${formatBytes(contextBytes)} of memory while it lives`;
  return `${describeCost(contextMs, how)}${memory}`;
}

function describeCost(costMs: number | undefined, how: string): string {
  return costMs === undefined ? "not measured" : `${costMs.toFixed(2)} ms ${how}`;
}

/** `nanoctl sliver inspect`: what a sliver says about itself, in words or as JSON. */
import { describeSliver } from "@nano/sliver/sliver-file";
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
  const { keyId, manifest, sections } = describeSliver(bytes);
  // What attaches to a context of the snapshot is nobody's business but the host's.
  const { attachSecret: _, ...shown } = manifest;
  if (asJson) {
    const told = sections.map(({ kind, storedBytes, rawBytes, rawDigest }) => ({
      kind,
      storedBytes,
      rawBytes,
      rawDigest,
    }));
    terminal.line(JSON.stringify({ fileBytes: bytes.byteLength, keyId, manifest: shown, sections: told }, null, 2));
    return;
  }
  const rows = [
    ["app", shown.app],
    ["version", shown.versionId],
    ["starts", RUNG_WORDS[shown.rung]],
    ...shown.skippedRungs.map((skipped) => [`  not by ${skipped.rung}`, skipped.reason]),
    ["isolation", shown.isolation],
    ["init", `${shown.initMs.toFixed(1)} ms at build, spared at each start`],
    ...(shown.contextMs === undefined ? [] : [["context", `${shown.contextMs.toFixed(2)} ms each`]]),
    ...(shown.contextBytes === undefined ? [] : [["", `${formatBytes(shown.contextBytes)} each`]]),
    ["engine", shown.fingerprint],
    ["signed by", `${keyId} (not checked here: nanoctl sliver verify)`],
    ["file", formatBytes(bytes.byteLength)],
    ...sections.map((section) => [
      `  ${section.kind}`,
      `${formatBytes(section.rawBytes)}, ${formatBytes(section.storedBytes)} compressed`,
    ]),
  ];
  for (const line of alignColumns(rows)) terminal.line(printable(line));
}

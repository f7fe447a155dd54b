/** `nanoctl sliver verify`: signature, lengths, digests, and that every section decompresses. */
import { resolve } from "node:path";
import { findKeyPlaces, openKeys } from "../config/key-places.ts";
import type { Terminal } from "../output/terminal.ts";
import { readSliver } from "./read-sliver.ts";

export interface VerifyOptions {
  readonly path: string;
  readonly dataDirectory: string | null;
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @throws SLIVER_… for the first thing that is wrong, CTL_FILE_UNREADABLE */
export async function verifySliver({ path, dataDirectory, terminal, env }: VerifyOptions): Promise<void> {
  const chosenDataDirectory = dataDirectory === null ? null : resolve(dataDirectory);
  const places = findKeyPlaces({ chosenDataDirectory, dataDirectory: resolve(".nano"), env });
  const { trustedKeys } = await openKeys(places);
  const { keyId, manifest, sections } = await readSliver(path, trustedKeys);
  terminal.line(
    `${terminal.paint("green", "✓")} ${path}: ${manifest.app} ${manifest.versionId}, ${sections.length} sections, signed by ${keyId}`,
  );
}

/**
 * Wrote the golden files of format 2. Run it again only for a new format, under new names: golden files stay for ever.
 * (`format-1.*` and `unpacked-1.bin` were written by the code of their time.)
 */
import { writeFileSync } from "node:fs";
import { exportPublicKey, trustedKeysOf } from "@nano/sliver/signing-key";
import { parseSliver, writeSliver } from "@nano/sliver/sliver-file";
import { SLIVER_FORMAT } from "@nano/sliver/sliver-layout";
import { UNPACKED_FORMAT } from "@nano/sliver/unpacked-layout";
import { buildUnpackedSliver } from "@nano/sliver/write-unpacked-sliver";
import { GOLDEN_SEAL_KEY, goldenKey, goldenParts } from "./golden-parts.ts";

const key = goldenKey();
const sliver = writeSliver(goldenParts, key);
const unpacked = buildUnpackedSliver(parseSliver(sliver, { trustedKeys: trustedKeysOf(key) }), GOLDEN_SEAL_KEY);
keep(`format-${SLIVER_FORMAT}.sliver`, sliver);
keep(`format-${SLIVER_FORMAT}.pem`, exportPublicKey(key));
keep(`unpacked-${UNPACKED_FORMAT}.bin`, unpacked);

/** Fails where the file is there. */
function keep(name: string, bytes: Uint8Array | string): void {
  writeFileSync(new URL(`golden/${name}`, import.meta.url), bytes, { flag: "wx" });
}

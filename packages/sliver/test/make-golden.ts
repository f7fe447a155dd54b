/** Wrote `golden/format-1.*` once. Run it again only for a new format, under a new name: golden files stay for ever. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createSigningKey, exportPublicKey } from "@nano/sliver/signing-key";
import { writeSliver } from "@nano/sliver/sliver-file";
import { SLIVER_FORMAT } from "@nano/sliver/sliver-layout";
import { sampleManifest } from "./sample-sliver.ts";

const golden = new URL("golden/", import.meta.url);
const key = createSigningKey();
const sections = { snapshot: Buffer.alloc(1_000, "heap"), script: Buffer.from("__nano_app__(function(){return{}});") };
mkdirSync(golden, { recursive: true });
writeFileSync(
  new URL(`format-${SLIVER_FORMAT}.sliver`, golden),
  writeSliver({ manifest: sampleManifest, sections }, key),
  {
    flag: "wx",
  },
);
writeFileSync(new URL(`format-${SLIVER_FORMAT}.pem`, golden), exportPublicKey(key), { flag: "wx" });

import { createSigningKey, trustedKeysOf } from "@nano/sliver/signing-key";
import { describeSliver, readSection, writeSliver } from "@nano/sliver/sliver-file";
import { sectionKinds } from "@nano/sliver/sliver-layout";
import {
  boundWarnings,
  MAX_WARNING_CHARS,
  MAX_WARNINGS,
  rungs,
  type SliverManifest,
  sliverManifestSchema,
} from "@nano/sliver/sliver-manifest";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readWhole, refusalOf } from "./read-whole.ts";
import { createSampleSliver, sampleManifest } from "./sample-sliver.ts";

const sample = createSampleSliver(3_000);

describe("a sliver file", () => {
  it("gives back what was written, whatever the sections hold", () => {
    const section = fc.option(fc.uint8Array({ maxLength: 5_000 }), { nil: undefined });
    const key = createSigningKey();
    fc.assert(
      fc.property(section, section, section, section, section, (snapshot, bytecode, script, sourceMap, wasm) => {
        const sections = { snapshot, bytecode, script, sourceMap, wasm };
        const read = readWhole(writeSliver({ manifest: sampleManifest, sections }, key), trustedKeysOf(key));
        expect(read.file.manifest).toEqual(sampleManifest);
        expect(read.file.keyId).toBe(key.keyId);
        for (const kind of sectionKinds) {
          const written = sections[kind];
          expect(read.sections.get(kind)).toEqual(written === undefined ? undefined : Buffer.from(written));
        }
      }),
      { numRuns: 50 },
    );
  });

  it("shows what it says without a trusted key", () => {
    const shown = describeSliver(sample.bytes);
    expect(shown.manifest.app).toBe("hello.localhost");
    expect(shown.keyId).toBe(sample.key.keyId);
    expect(shown.sections.map(({ kind }) => kind)).toEqual(["snapshot", "script", "sourceMap"]);
  });

  it("names the section that is asked for and missing", async () => {
    const { file } = readWhole(sample.bytes, sample.trustedKeys);
    expect(await refusalOf(() => readSection(file, "bytecode"))).toBe("SLIVER_MISSING_SECTION");
  });

  it.each([
    ["whose secret is no secret", { attachSecret: "short" }],
    ["that names a format", { format: 2 }],
    ["with more warnings than there may be", { warnings: Array.from({ length: MAX_WARNINGS + 1 }, () => "a") }],
    ["with a warning that is too long", { warnings: ["a".repeat(MAX_WARNING_CHARS + 1)] }],
    ["with a cost below nothing", { restoreMs: -1 }],
  ])("refuses a manifest %s when it is written", async (_, difference) => {
    const manifest = { ...sampleManifest, ...difference };
    expect(await refusalOf(() => writeSliver({ manifest, sections: {} }, sample.key))).toBe("SLIVER_MALFORMED");
  });

  it("has room for the longest manifest that there may be", () => {
    // Six bytes of JSON each, the most that a character takes.
    const longest = (length: number) => "\u0001".repeat(length);
    const manifest: SliverManifest = {
      ...sampleManifest,
      skippedRungs: rungs.map((rung) => ({ rung, reason: longest(2_000) })),
      warnings: Array.from({ length: MAX_WARNINGS }, () => longest(MAX_WARNING_CHARS)),
    };
    const bytes = writeSliver({ manifest, sections: {} }, sample.key);
    expect(readWhole(bytes, sample.trustedKeys).file.manifest).toEqual(manifest);
  });

  it("takes as many warnings as fit, and says how many it left out", () => {
    const few = ["a", "b"];
    expect(boundWarnings(few)).toEqual(few);
    const bounded = boundWarnings(Array.from({ length: 100 }, (_, i) => `${i} ${"x".repeat(600)}`));
    expect(bounded).toHaveLength(MAX_WARNINGS);
    expect(bounded.at(-1)).toBe(`${100 - MAX_WARNINGS + 1} more are left out here`);
    expect(bounded[0]).toHaveLength(MAX_WARNING_CHARS);
    expect(sliverManifestSchema.parse({ ...sampleManifest, warnings: bounded }).warnings).toEqual(bounded);
  });
});

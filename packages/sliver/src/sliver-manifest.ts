/** What a sliver says about itself, signed with it. The only place that knows the manifest's names. */
import {
  type AppName,
  type ArtifactDigest,
  type EngineFingerprint,
  isAppName,
  isArtifactDigest,
  isVersionId,
  type VersionId,
} from "@nano/protocol/brands";
import { isolationModes } from "@nano/protocol/manifest";
import { z } from "zod";

export const rungs = ["heap", "bytecode", "source"] as const;

/** The attach secret as the builder draws it: bytes before hex. */
export const ATTACH_SECRET_BYTES = 32;
const MAX_REASON_CHARS = 2000;
/** Most warnings of one sliver. */
export const MAX_WARNINGS = 32;
export const MAX_WARNING_CHARS = 500;

const millis = z.number().nonnegative();
const byteCount = z.number().int().nonnegative();

export const sliverManifestSchema = z
  .strictObject({
    app: z.custom<AppName>((v) => typeof v === "string" && isAppName(v), "an app name"),
    versionId: z.custom<VersionId>((v) => typeof v === "string" && isVersionId(v), "a version id"),
    fingerprint: z.custom<EngineFingerprint>((v) => typeof v === "string" && /^[0-9a-f]{32}$/.test(v), "32 hex digits"),
    rung: z.enum(rungs),
    /** Why the rungs above `rung` could not be reached. */
    skippedRungs: z.array(z.strictObject({ rung: z.enum(rungs), reason: z.string().max(MAX_REASON_CHARS) })).max(3),
    /** Hex. How the host attaches to contexts of this snapshot; tells nothing about any other. */
    attachSecret: z.string().regex(new RegExp(`^[0-9a-f]{${ATTACH_SECRET_BYTES * 2}}$`)),
    isolation: z.enum(isolationModes),
    /** The top level of the app's modules, as the builder measured it. */
    initMs: millis,
    /** Of the section `snapshot`: the app's heap, on the bytecode rung the web-api's alone; 0 where there is none. */
    snapshotBytes: byteCount,
    /** An isolate from the snapshot, the median of the builder's tries. */
    restoreMs: millis.optional(),
    /** One more context in that isolate, the same. */
    contextMs: millis.optional(),
    /** Heap that one more context takes. */
    contextBytes: byteCount.optional(),
    /** What the app's author should know of what every restore shares, and the like: a sentence each. */
    warnings: z.array(z.string().max(MAX_WARNING_CHARS)).max(MAX_WARNINGS).readonly(),
    bundle: z.custom<ArtifactDigest>((v) => typeof v === "string" && isArtifactDigest(v), "64 hex digits"),
  })
  .readonly();

export type SliverManifest = z.infer<typeof sliverManifestSchema>;

/** Cuts sentences to what a manifest takes; the last one then says how many are left out. */
export function boundWarnings(sentences: readonly string[]): readonly string[] {
  const kept = sentences.length > MAX_WARNINGS ? sentences.slice(0, MAX_WARNINGS - 1) : sentences;
  const bounded = kept.map((text) =>
    text.length > MAX_WARNING_CHARS ? `${text.slice(0, MAX_WARNING_CHARS - 1)}…` : text,
  );
  return kept === sentences ? bounded : [...bounded, `${sentences.length - kept.length} more are left out here`];
}

/** The manifest as a file of `format` holds it. */
export function encodeManifest(manifest: SliverManifest, format: number): Buffer {
  return Buffer.from(JSON.stringify({ format, ...manifest }));
}

const storedSchema = z.looseObject({ format: z.number() });

/** Reads what a file of `format` says about itself; what that format does not know yet is absent or empty. */
export function decodeManifest(stored: unknown, format: number) {
  const named = storedSchema.refine((value) => value.format === format, `format ${format}`).safeParse(stored);
  if (!named.success) return named;
  const { format: _, ...told } = named.data;
  return sliverManifestSchema.safeParse(format === 1 ? { ...told, warnings: [] } : told);
}

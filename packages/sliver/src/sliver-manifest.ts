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

const millis = z.number().nonnegative();
const byteCount = z.number().int().nonnegative();

export const sliverManifestSchema = z
  .strictObject({
    format: z.literal(1),
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
    /** 0 below the heap rung. */
    snapshotBytes: byteCount,
    contextMs: millis.optional(),
    contextBytes: byteCount.optional(),
    bundle: z.custom<ArtifactDigest>((v) => typeof v === "string" && isArtifactDigest(v), "64 hex digits"),
  })
  .readonly();

export type SliverManifest = z.infer<typeof sliverManifestSchema>;

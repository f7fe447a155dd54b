/**
 * Slivers that workers of this node could not restore: by what the node record says of them, the registry has them built again.
 *
 * I1 One is named at most once, until its version has another or serves no more: whoever reads the record asks for nothing twice.
 * I2 What kills `MAX_RESTORE_DEATHS` workers while they restore it is given out as source alone.
 */
import type { ArtifactDigest, VersionId } from "@nano/protocol/brands";

/** One death may be chance (the machine's memory ran out); a second one is the sliver's. */
export const MAX_RESTORE_DEATHS = 2;
/** Named in the node record at once; further ones serve from source, and wait until one of these has been replaced. */
export const MAX_BAD_SLIVERS = 256;

interface Deaths {
  readonly digest: ArtifactDigest;
  count: number;
}

export class BadSlivers {
  readonly #named = new Map<VersionId, ArtifactDigest>();
  /** Of versions that serve: see `keepOnly`. */
  readonly #deaths = new Map<VersionId, Deaths>();

  /** By version, for the node record. */
  get named(): Readonly<Record<VersionId, ArtifactDigest>> {
    return Object.fromEntries(this.#named);
  }

  /** Names a sliver. False: it is named already, or too many are. */
  add(versionId: VersionId, digest: ArtifactDigest): boolean {
    const before = this.#named.get(versionId);
    if (before === digest || (before === undefined && this.#named.size >= MAX_BAD_SLIVERS)) return false;
    this.#named.set(versionId, digest);
    return true;
  }

  /** A worker died while it restored this. True: that was once too often. */
  addDeath(versionId: VersionId, digest: ArtifactDigest): boolean {
    const before = this.#deaths.get(versionId);
    const deaths = before?.digest === digest ? before : { digest, count: 0 };
    deaths.count += 1;
    this.#deaths.set(versionId, deaths);
    return deaths.count === MAX_RESTORE_DEATHS;
  }

  isSourceOnly(versionId: VersionId, digest: ArtifactDigest): boolean {
    const deaths = this.#deaths.get(versionId);
    return deaths?.digest === digest && deaths.count >= MAX_RESTORE_DEATHS;
  }

  /** Forgets what has been replaced or serves no more. Answers whether one of those was named. */
  keepOnly(slivers: ReadonlyMap<VersionId, ArtifactDigest>): boolean {
    let isChanged = false;
    for (const [versionId, digest] of this.#named) {
      if (slivers.get(versionId) !== digest) isChanged = this.#named.delete(versionId);
    }
    for (const [versionId, { digest }] of this.#deaths) {
      if (slivers.get(versionId) !== digest) this.#deaths.delete(versionId);
    }
    return isChanged;
  }
}

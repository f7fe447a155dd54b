/**
 * Looks at the artifacts that a deploy names, before a version is made of them.
 *
 * I1 No version names an asset pack that has not been judged: workers open packs as they are.
 * I2 One pack is in memory at a time.
 */
import type { ArtifactDigest } from "@nano/protocol/brands";
import { isNanoError } from "@nano/protocol/errors";
import type { DeployRequest } from "@nano/protocol/registry-api";
import { checkAssetPack } from "@nano/sliver/asset-pack";
import type { SliverStore } from "@nano/sliver/sliver-store";
import { errors } from "../errors.ts";

/** Packs known to be sound, so that a deploy of new code does not read the old pack again. */
const MAX_REMEMBERED_PACKS = 4096;

export class ArtifactCheck {
  readonly #artifacts: SliverStore;
  readonly #sound = new Set<ArtifactDigest>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(artifacts: SliverStore) {
    this.#artifacts = artifacts;
  }

  /** @throws REGISTRY_UNKNOWN_ARTIFACT, REGISTRY_BAD_ASSETS */
  async admit(request: DeployRequest): Promise<void> {
    for (const where of ["bundle", "assets", "sliver"] as const) {
      const digest = request[where];
      // Not by a look alone: what is touched stays until the version is recorded.
      if (digest !== null && !(await this.#artifacts.touch(digest))) throw errors.UNKNOWN_ARTIFACT({ where, digest });
    }
    const { assets } = request;
    if (assets === null || this.#sound.has(assets)) return;
    const checked = this.#turn.then(() => this.#judge(assets));
    this.#turn = checked.catch(() => undefined);
    await checked;
  }

  async #judge(digest: ArtifactDigest): Promise<void> {
    const bytes = await this.#artifacts.get(digest);
    if (bytes === null) throw errors.UNKNOWN_ARTIFACT({ where: "assets", digest });
    try {
      checkAssetPack(bytes);
    } catch (cause) {
      if (!isNanoError(cause)) throw cause;
      throw errors.BAD_ASSETS({ digest, why: cause.message }, cause);
    }
    const oldest = this.#sound.values().next().value;
    if (oldest !== undefined && this.#sound.size >= MAX_REMEMBERED_PACKS) this.#sound.delete(oldest);
    this.#sound.add(digest);
  }
}

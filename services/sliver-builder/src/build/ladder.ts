/** The rungs of one build: each is probed before it is stood on, and why one was not reached is kept for the app's author. */
import { engineFingerprint } from "@nano/isolate/engine";
import type { StartCost } from "@nano/isolate/measure-start";
import type { NanoError } from "@nano/protocol/errors";
import type { Rung } from "@nano/protocol/records";
import type { writeSliver } from "@nano/sliver/sliver-file";
import { boundWarnings, type SliverManifest } from "@nano/sliver/sliver-manifest";
import { encodeWasmPack } from "@nano/sliver/wasm-pack";
import type { BuildContext } from "../build-sliver.ts";
import { errors } from "../errors.ts";
import { contextAdvice } from "./describe-cost.ts";
import { initWarnings } from "./init-warnings.ts";
import type { InitTold } from "./make-heap.ts";
import { type ProbedRung, probeSliver } from "./probe-sliver.ts";

/** A reason in a sliver's manifest; the manifest has a bound of its own. */
const MAX_REASON_CHARS = 1_000;

type SliverParts = Parameters<typeof writeSliver>[0];

export class Ladder {
  readonly #context: BuildContext;
  readonly #attachSecret: string;
  readonly #init: InitTold;
  readonly #skipped: { rung: Rung; reason: string }[] = [];

  constructor(context: BuildContext, attachSecret: string, init: InitTold) {
    this.#context = context;
    this.#attachSecret = attachSecret;
    this.#init = init;
  }

  /** Why the last rung was not reached. */
  get lastReason(): string {
    return this.#skipped.at(-1)?.reason ?? "";
  }

  skip(rung: Rung, reason: string): void {
    this.#skipped.push({ rung, reason: reason.slice(0, MAX_REASON_CHARS) });
    if (rung !== "source") this.#context.log("warn", `The app does not start from its ${rung}: ${reason}`);
  }

  /** What the sliver is made of at this rung, or null where it does not pass its probe. */
  async tryRung(rung: ProbedRung): Promise<SliverParts | { readonly error: NanoError } | null> {
    this.#context.progress(`probe ${rung.rung}`);
    const probe = await probeSliver(this.#context, rung);
    switch (probe.type) {
      case "cancelled":
        return { error: errors.CANCELLED({}) };
      case "failed":
        this.skip(rung.rung, rung.rung === "source" ? probe.reason : `it does not restore: ${probe.reason}`);
        return null;
      case "passed":
        return this.#partsOf(rung, probe.cost);
    }
  }

  #partsOf({ rung, snapshot, bytecode }: ProbedRung, cost: StartCost): SliverParts {
    const { app, versionId, manifest, bundle, bundleDigest } = this.#context.parts;
    const { wasm } = this.#context;
    return {
      manifest: {
        app,
        versionId,
        fingerprint: engineFingerprint(),
        rung,
        skippedRungs: this.#skipped,
        attachSecret: this.#attachSecret,
        isolation: manifest.isolation,
        initMs: this.#init.initMs,
        snapshotBytes: snapshot?.byteLength ?? 0,
        ...cost,
        warnings: this.#warn(rung, cost),
        bundle: bundleDigest,
      },
      sections: {
        snapshot,
        bytecode,
        script: Buffer.from(bundle.script),
        sourceMap: Buffer.from(bundle.sourceMap),
        wasm: wasm.length === 0 ? undefined : encodeWasmPack(wasm),
      },
    };
  }

  #warn(rung: Rung, cost: StartCost): SliverManifest["warnings"] {
    const { manifest, bundle } = this.#context.parts;
    const warnings = boundWarnings([
      ...initWarnings(this.#init.notes, { sourceMap: bundle.sourceMap, isKept: rung === "heap" }),
      ...contextAdvice(manifest.isolation, cost),
    ]);
    for (const warning of warnings) this.#context.log("warn", warning);
    return warnings;
  }
}

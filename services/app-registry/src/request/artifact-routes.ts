/** Uploads of bundles, asset packs and slivers, each under the digest of its bytes. */
import { createHash } from "node:crypto";
import { type ArtifactAnswer, artifactAnswerSchema } from "@nano/protocol/registry-api";
import type { SliverStore } from "@nano/sliver/sliver-store";
import type { ArtifactUse } from "../control/artifact-use.ts";
import { errors } from "../errors.ts";
import type { ApiRouter } from "./api-router.ts";
import { readBody } from "./body.ts";
import { operation } from "./operation.ts";

export interface ArtifactRoutesOptions {
  readonly artifacts: SliverStore;
  readonly use: ArtifactUse;
  readonly limitBytes: number;
  readonly uploadCount: number;
}

const OK = 200;
const CREATED = 201;

export function serveArtifactRoutes(router: ApiRouter, options: ArtifactRoutesOptions): void {
  const { artifacts, limitBytes } = options;
  let runningCount = 0;

  router.serve(
    operation("/v1/artifacts/{digest}", {
      method: "put",
      access: "deploy",
      summary: "Uploads what has this SHA-256: 201 stored, 200 already there",
      body: { type: "bytes" },
      answers: { [OK]: artifactAnswerSchema, [CREATED]: artifactAnswerSchema },
    }),
    async ({ c, params: { digest } }) => {
      if (runningCount >= options.uploadCount) throw errors.TOO_MANY_UPLOADS({ limitCount: options.uploadCount });
      runningCount += 1;
      try {
        return await options.use.upload(digest, async () => {
          const bytes = await readBody(c.req.raw, limitBytes);
          const got = createHash("sha256").update(bytes).digest("hex");
          if (got !== digest) throw errors.DIGEST_MISMATCH({ got, expected: digest });
          const isKnown = await artifacts.has(digest);
          await artifacts.put(digest, bytes);
          const answer: ArtifactAnswer = { digest, sizeBytes: bytes.length };
          return c.json(answer, isKnown ? OK : CREATED);
        });
      } finally {
        runningCount -= 1;
      }
    },
  );

  // Hono answers HEAD by the GET route, without the body; the registry gives no artifact out.
  router.serve(
    operation("/v1/artifacts/{digest}", {
      method: "get",
      access: "deploy",
      summary: "Whether it is there; HEAD answers the same",
      answers: { 200: artifactAnswerSchema.pick({ digest: true }) },
    }),
    async ({ c, params: { digest } }) => {
      if (!(await artifacts.has(digest))) throw errors.NOT_FOUND({ what: `artifact ${digest}` });
      return c.json({ digest });
    },
  );
}

/** Uploads of bundles, asset packs and slivers, each under the digest of its bytes. */
import { createHash } from "node:crypto";
import { type ArtifactAnswer, digestSchema } from "@nano/protocol/registry-api";
import type { SliverStore } from "@nano/sliver/sliver-store";
import { Hono } from "hono";
import type { ArtifactUse } from "../control/artifact-use.ts";
import { errors } from "../errors.ts";
import { readBody } from "./body.ts";
import { parseOrRefuse } from "./problems.ts";

export interface ArtifactRoutesOptions {
  readonly artifacts: SliverStore;
  readonly use: ArtifactUse;
  readonly limitBytes: number;
  readonly uploadCount: number;
}

const OK = 200;
const CREATED = 201;

export function createArtifactRoutes(options: ArtifactRoutesOptions): Hono {
  const { artifacts, limitBytes } = options;
  const routes = new Hono();
  let runningCount = 0;

  routes.put("/:digest", async (c) => {
    const digest = parseOrRefuse(digestSchema, c.req.param("digest"), ["digest"]);
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
  });

  // Hono answers HEAD by the GET route, without the body; the registry gives no artifact out.
  routes.get("/:digest", async (c) => {
    const digest = parseOrRefuse(digestSchema, c.req.param("digest"), ["digest"]);
    if (!(await artifacts.has(digest))) throw errors.NOT_FOUND({ what: `artifact ${digest}` });
    return c.json({ digest });
  });

  return routes;
}

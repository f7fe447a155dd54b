/** What belongs to no app: nodes, who asks, who changed what, the place in the feed. */
import {
  auditAnswerSchema,
  feedAnswerSchema,
  nodesAnswerSchema,
  type WhoAmIAnswer,
  whoAmIAnswerSchema,
} from "@nano/protocol/registry-api";
import { z } from "zod";
import type { Catalog } from "../catalog/catalog.ts";
import { showFeed } from "./answers.ts";
import type { ApiRouter } from "./api-router.ts";
import { operation } from "./operation.ts";
import { showNodes } from "./show-nodes.ts";

const DEFAULT_AUDIT_COUNT = 100;
const MAX_AUDIT_COUNT = 1000;

const auditQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_AUDIT_COUNT).default(DEFAULT_AUDIT_COUNT),
});

export function serveCellRoutes(router: ApiRouter, { catalog }: { readonly catalog: Catalog }): void {
  router.serve(
    operation("/v1/nodes", {
      method: "get",
      access: "look",
      summary: "Executors that keep their lease",
      answers: { 200: nodesAnswerSchema },
    }),
    ({ c }) => c.json({ nodes: showNodes(catalog.state) }),
  );

  router.serve(
    operation("/v1/whoami", {
      method: "get",
      access: "any",
      summary: "Whose token this is, and what it may do",
      answers: { 200: whoAmIAnswerSchema },
    }),
    ({ c, principal: { id, name, role, apps, expiresAt } }) => {
      const answer: WhoAmIAnswer = { id, name, role, apps: apps === null ? null : [...apps], expiresAt };
      return c.json(answer);
    },
  );

  router.serve(
    operation("/v1/audit", {
      method: "get",
      access: "look",
      summary: "Who changed what, newest first",
      query: auditQuerySchema,
      answers: { 200: auditAnswerSchema },
    }),
    async ({ c, query: { limit } }) => c.json({ entries: [...(await catalog.readAudit(limit))] }),
  );

  router.serve(
    operation("/v1/feed", {
      method: "get",
      access: "any",
      summary: "A place in the change feed that holds every change answered so far",
      answers: { 200: feedAnswerSchema },
    }),
    ({ c }) => c.json(showFeed(catalog.state)),
  );
}

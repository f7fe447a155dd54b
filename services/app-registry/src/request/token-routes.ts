/** Tokens: made by operators, told once. */
import { newTokenAnswerSchema, tokenRequestSchema, tokensAnswerSchema } from "@nano/protocol/registry-api";
import type { Tokens } from "../catalog/tokens.ts";
import type { ApiRouter } from "./api-router.ts";
import { jsonBody, operation } from "./operation.ts";

const CREATED = 201;

export interface TokenRoutesOptions {
  readonly tokens: Tokens;
  readonly bodyLimitBytes: number;
}

export function serveTokenRoutes(router: ApiRouter, { tokens, bodyLimitBytes: limitBytes }: TokenRoutesOptions): void {
  router.serve(
    operation("/v1/tokens", {
      method: "get",
      access: "look",
      summary: "Whose tokens there are, newest first; never the tokens themselves",
      answers: { 200: tokensAnswerSchema },
    }),
    ({ c }) => c.json({ tokens: tokens.list() }),
  );

  router.serve(
    operation("/v1/tokens", {
      method: "post",
      access: "operate",
      summary: "Makes a token, and tells it this once: the same request again under its idempotency-key is refused",
      body: jsonBody(tokenRequestSchema, { limitBytes }),
      answers: { 201: newTokenAnswerSchema },
    }),
    async ({ c, body, author }) => c.json(await tokens.create(body, author), CREATED),
  );

  router.serve(
    operation("/v1/tokens/{id}", {
      method: "delete",
      access: "operate",
      summary: "Takes a token back: each registry refuses it as soon as it hears of it",
      answers: { 204: null },
    }),
    async ({ c, params: { id }, author }) => {
      await tokens.delete(id, author);
      return c.body(null, 204);
    },
  );
}

/** Secrets of apps: taken, and told by their names alone. */
import { secretRequestSchema, secretsAnswerSchema, secretsRequestSchema } from "@nano/protocol/registry-api";
import {
  MAX_SECRET_BYTES,
  MAX_SECRETS,
  MAX_SECRETS_BYTES,
  type SecretValues,
  secretValuesSchema,
} from "@nano/protocol/secrets";
import type { AppSecrets } from "../catalog/app-secrets.ts";
import type { ApiRouter } from "./api-router.ts";
import { jsonBody, operation } from "./operation.ts";
import { parseOrRefuse } from "./problems.ts";

/** A value whose every byte is escaped (`\u0001`); and all of them, with their names. */
const ONE_LIMIT_BYTES = 6 * MAX_SECRET_BYTES + 1024;
const ALL_LIMIT_BYTES = 6 * MAX_SECRETS_BYTES + MAX_SECRETS * 1024;

export interface SecretRoutesOptions {
  readonly secrets: AppSecrets;
}

export function serveSecretRoutes(router: ApiRouter, { secrets }: SecretRoutesOptions): void {
  const answers = { 200: secretsAnswerSchema };
  const check = (all: SecretValues): void => {
    parseOrRefuse(secretValuesSchema, all, { root: ["secrets"], isPrivate: true });
  };

  router.serve(
    operation("/v1/apps/{app}/secrets", {
      method: "get",
      access: "look-app",
      summary: "Names of the secrets, never their values",
      answers,
    }),
    ({ c, params: { app } }) => c.json(secrets.show(app)),
  );

  router.serve(
    operation("/v1/apps/{app}/secrets", {
      method: "put",
      access: "change-app",
      summary: "Replaces all secrets of an app",
      body: jsonBody(secretsRequestSchema, { limitBytes: ALL_LIMIT_BYTES, isPrivate: true }),
      answers,
    }),
    async ({ c, params: { app }, body, author }) => c.json(await secrets.replace(app, body.secrets, author)),
  );

  router.serve(
    operation("/v1/apps/{app}/secrets/{name}", {
      method: "put",
      access: "change-app",
      summary: "Sets one secret",
      body: jsonBody(secretRequestSchema, { limitBytes: ONE_LIMIT_BYTES, isPrivate: true }),
      answers,
    }),
    async ({ c, params: { app, name }, body: { value }, author }) =>
      c.json(await secrets.change(app, { name, value, check }, author)),
  );

  router.serve(
    operation("/v1/apps/{app}/secrets/{name}", {
      method: "delete",
      access: "change-app",
      summary: "Removes one secret",
      answers,
    }),
    async ({ c, params: { app, name }, author }) =>
      c.json(await secrets.change(app, { name, value: null, check }, author)),
  );
}

/** Secrets of apps: taken over a Unix socket, told by their names alone. */
import type { HttpBindings } from "@hono/node-server";
import { appNameSchema, secretsRequestSchema } from "@nano/protocol/registry-api";
import { MAX_SECRETS, MAX_SECRETS_BYTES } from "@nano/protocol/secrets";
import { Hono } from "hono";
import type { AppSecrets } from "../catalog/app-secrets.ts";
import { errors } from "../errors.ts";
import { readJson } from "./body.ts";
import { parseOrRefuse } from "./problems.ts";

/** Names, and values whose every byte is escaped (`\u0001`). */
const BODY_LIMIT_BYTES = 6 * MAX_SECRETS_BYTES + MAX_SECRETS * 1024;

export interface SecretRoutesOptions {
  readonly secrets: AppSecrets;
}

export function createSecretRoutes({ secrets }: SecretRoutesOptions): Hono<{ Bindings: HttpBindings }> {
  const routes = new Hono<{ Bindings: HttpBindings }>();

  routes.put("/:app/secrets", async (c) => {
    const name = parseOrRefuse(appNameSchema, c.req.param("app"), ["app"]);
    // A Unix socket's peer has no address.
    if (c.env.incoming.socket.remoteAddress !== undefined) throw errors.SECRETS_IN_THE_OPEN({});
    const body = await readJson(c.req.raw, { schema: secretsRequestSchema, limitBytes: BODY_LIMIT_BYTES });
    return c.json(await secrets.replace(name, body.secrets));
  });

  routes.get("/:app/secrets", (c) => c.json(secrets.show(parseOrRefuse(appNameSchema, c.req.param("app"), ["app"]))));

  return routes;
}

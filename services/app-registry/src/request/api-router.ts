/**
 * Serves operations: what they let in, parse, refuse and describe is read from the operation itself.
 *
 * I1 Nothing is answered, and no body read, before it is known who asks and whether they may.
 * I2 What is served is in the document, and the other way round: there is no other way to add to either.
 */
import { createHmac, type KeyObject } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppName } from "@nano/protocol/brands";
import { wireErrorSchema } from "@nano/protocol/registry-api";
import type { Context } from "hono";
import { z } from "zod";
import type { Author } from "../catalog/author.ts";
import { parseJsonBody, readJsonText } from "./body.ts";
import {
  type AnswerShape,
  type BytesBody,
  type JsonBody,
  type Operation,
  type ParamsOf,
  parameterNames,
  pathParameters,
  routePattern,
} from "./operation.ts";
import { authorise, type Principal, SOCKET_PRINCIPAL } from "./principal.ts";
import { parseOrRefuse } from "./problems.ts";
import type { SignIn } from "./sign-in.ts";

export interface ApiEnv {
  Bindings: HttpBindings & { readonly isUnixSocket: boolean };
  Variables: { principal: Principal };
}
export type Api = OpenAPIHono<ApiEnv>;

type BodyOf<Body> = Body extends JsonBody<infer Schema> ? z.output<Schema> : null;
type QueryOf<Query> = Query extends z.ZodObject ? z.output<Query> : null;

/** A request that was let in, in parts. */
export interface Call<Path extends string, Body, Query> {
  readonly c: Context<ApiEnv>;
  readonly params: ParamsOf<Path>;
  readonly query: QueryOf<Query>;
  readonly body: BodyOf<Body>;
  readonly principal: Principal;
  /** Who is named where something is changed, and under which key. */
  readonly author: Author;
}

export interface ApiRouterOptions {
  readonly api: Api;
  readonly signIn: SignIn;
  /** With which requests are digested: what they hold may be a short secret, and a bare digest of that could be guessed. */
  readonly digestKey: () => KeyObject;
}

const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, "expected 1 to 128 visible ASCII characters")
  .optional()
  .describe("sent again with the same key by the same token, a request is answered as before and changes nothing");

export class ApiRouter {
  readonly #options: ApiRouterOptions;

  constructor(options: ApiRouterOptions) {
    this.#options = options;
  }

  serve<Path extends string, Body extends JsonBody | BytesBody | null, Query extends z.ZodObject | null>(
    operation: Operation<Path, Body, Query>,
    handler: (call: Call<Path, Body, Query>) => Response | Promise<Response>,
  ): void {
    const { api } = this.#options;
    describe(api, operation);
    api.on(operation.method.toUpperCase(), routePattern(operation.path), async (c) => {
      const principal = this.#principalOf(c);
      const params = parseParams(c, operation.path);
      authorise(principal, operation.access, (params as { app?: AppName }).app ?? null);
      const key = parseOrRefuse(idempotencyKeySchema, c.req.header("idempotency-key"), ["idempotency-key"]);
      const query = operation.query === null ? null : parseOrRefuse(operation.query, c.req.query(), ["query"]);
      const { text, body } = await readBodyOf(c, operation.body);
      const author = this.#authorOf(c, { principal, key, text });
      const parts = { params: params as ParamsOf<Path>, query: query as QueryOf<Query>, body: body as BodyOf<Body> };
      return handler({ c, ...parts, principal, author });
    });
  }

  #principalOf(c: Context<ApiEnv>): Principal {
    // By the listener, not by the peer's address: a peer that has left has none, whatever it came through.
    if (c.env.isUnixSocket) return SOCKET_PRINCIPAL;
    return this.#options.signIn.signIn(c.req.header("authorization"), c.env.incoming.socket.remoteAddress ?? "gone");
  }

  #authorOf(
    c: Context<ApiEnv>,
    { principal, key, text }: { principal: Principal; key: string | undefined; text: string },
  ): Author {
    const { id: tokenId, name } = principal;
    if (key === undefined) return { tokenId, name, once: null };
    const digest = createHmac("sha256", this.#options.digestKey());
    const requestDigest = digest.update(JSON.stringify([c.req.method, c.req.path, text])).digest("hex");
    return { tokenId, name, once: { key: `${tokenId ?? "socket"}:${key}`, requestDigest } };
  }
}

function parseParams(c: Context, path: string): Record<string, unknown> {
  const names = parameterNames(path);
  return Object.fromEntries(
    names.map((name) => [name, parseOrRefuse<unknown>(pathParameters[name], c.req.param(name), [name])]),
  );
}

async function readBodyOf(
  c: Context,
  body: JsonBody | BytesBody | null,
): Promise<{ readonly text: string; readonly body: unknown }> {
  if (body === null || body.type === "bytes") return { text: "", body: null };
  const text = await readJsonText(c.req.raw, body.limitBytes);
  return { text, body: parseJsonBody(text, body) };
}

function describe(api: Api, { method, path, summary, access, body, query, answers }: Operation): void {
  const isWrite = method !== "get";
  const names = parameterNames(path);
  const params = z.object(Object.fromEntries(names.map((name) => [name, pathParameters[name]])));
  const content = body?.type === "json" ? { "application/json": { schema: body.schema } } : BYTES;
  api.openAPIRegistry.registerPath({
    method,
    path,
    summary,
    description: ACCESS_WORDS[access],
    request: {
      ...(names.length > 0 && { params }),
      ...(query !== null && { query }),
      ...(isWrite && { headers: z.object({ "idempotency-key": idempotencyKeySchema }) }),
      ...(body !== null && { body: { required: true, content } }),
    },
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, describeAnswer(answer)])),
      default: { description: "what was wrong", content: { "application/json": { schema: wireErrorSchema } } },
    },
  });
}

const BYTES = { "application/octet-stream": { schema: { type: "string", format: "binary" } as const } };

const ACCESS_WORDS = {
  any: "For whoever has signed in; a deployer is shown its own apps.",
  look: "For operators and readers.",
  "look-app": "For operators, readers, and deployers of the app.",
  deploy: "For operators and deployers.",
  "change-app": "For operators, and deployers of the app.",
  operate: "For operators.",
} as const;

function describeAnswer(answer: AnswerShape) {
  if (answer === null) return { description: "done" };
  if (!("lines" in answer)) return { description: "done", content: { "application/json": { schema: answer } } };
  const description = "lines of JSON (NDJSON), as they come; empty lines are heartbeats";
  return { description, content: { "application/x-ndjson": { schema: answer.lines } } };
}

/** What an operation of the API is told by, once: it is served, guarded and described from the same. */
import { envVarsSchema } from "@nano/protocol/manifest";
import { appNameSchema, digestSchema, versionIdSchema } from "@nano/protocol/registry-api";
import { z } from "zod";
import type { Access } from "./principal.ts";

const MAX_SECRET_NAME_CHARS = 256;

/** Parameters in paths, by their names there. */
export const pathParameters = {
  app: appNameSchema,
  version: versionIdSchema,
  digest: digestSchema,
  name: envVarsSchema.keyType.max(MAX_SECRET_NAME_CHARS),
  id: z.string().regex(/^[0-9a-f]{16}$/, "expected 16 hex digits"),
} as const;
export type PathParameter = keyof typeof pathParameters;

type NamesIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;
export type ParamsOf<Path extends string> = {
  readonly [Name in NamesIn<Path> & PathParameter]: z.output<(typeof pathParameters)[Name]>;
};

export interface JsonBody<Schema extends z.ZodType = z.ZodType> {
  readonly type: "json";
  readonly schema: Schema;
  readonly limitBytes: number;
  /** What is wrong with it is told without what it holds. */
  readonly isPrivate?: boolean;
}

/** Read by the handler. */
export interface BytesBody {
  readonly type: "bytes";
}

/** An answer: JSON, lines of it (NDJSON), or nothing. */
export type AnswerShape = z.ZodType | { readonly lines: z.ZodType } | null;

export interface Operation<
  Path extends string = string,
  Body extends JsonBody | BytesBody | null = JsonBody | BytesBody | null,
  Query extends z.ZodObject | null = z.ZodObject | null,
> {
  readonly method: "get" | "put" | "post" | "delete";
  /** As OpenAPI writes it: `/v1/apps/{app}`. */
  readonly path: Path;
  readonly summary: string;
  readonly access: Access;
  readonly body: Body;
  readonly query: Query;
  /** By status; errors are the same for all. */
  readonly answers: Readonly<Record<number, AnswerShape>>;
}

type Given = Pick<Operation, "method" | "summary" | "access" | "answers">;

/** An operation without a body or a query, unless they are given. */
export function operation<
  const Path extends string,
  Body extends JsonBody | BytesBody | null = null,
  Query extends z.ZodObject | null = null,
>(path: Path, shape: Given & { readonly body?: Body; readonly query?: Query }): Operation<Path, Body, Query> {
  return { ...shape, path, body: (shape.body ?? null) as Body, query: (shape.query ?? null) as Query };
}

export function jsonBody<Schema extends z.ZodType>(
  schema: Schema,
  options: { readonly limitBytes: number; readonly isPrivate?: boolean },
): JsonBody<Schema> {
  return { type: "json", schema, ...options };
}

/** `/v1/apps/{app}` → `app` */
export function parameterNames(path: string): PathParameter[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as PathParameter);
}

/** As Hono writes it: `/v1/apps/:app`. */
export function routePattern(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}

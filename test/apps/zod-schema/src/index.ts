/**
 * A shop that answers what it would take: `POST /orders` and its like answer the record as it is kept, or 422 with every problem.
 * All schemas are built at the top level, so that a request finds them made. `GET /products?tag=tea`, `GET /schemas/orders`, `GET /`.
 */
import { z } from "zod";
import { findProducts } from "./catalogue.ts";
import { schemas } from "./schemas/all.ts";
import { productQuerySchema } from "./schemas/products.ts";

const HOME = { app: "zod-schema", takes: [...schemas.keys()].map((name) => `/${name}`) };

function validated(schema: z.ZodType, value: unknown): Response {
  const result = schema.safeParse(value);
  if (result.success) return Response.json({ valid: true, value: result.data });
  const problems = result.error.issues.map(({ path, code, message }) => ({ path: path.join("."), code, message }));
  return Response.json({ valid: false, problems }, { status: 422 });
}

function listProducts(url: URL): Response {
  const query = productQuerySchema.safeParse(Object.fromEntries(url.searchParams));
  return query.success
    ? Response.json(findProducts(query.data))
    : validated(productQuerySchema, Object.fromEntries(url.searchParams));
}

function describe(schema: z.ZodType): Response {
  return Response.json(z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "ref" }));
}

async function answer(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const [, first = "", second = ""] = url.pathname.split("/");
  if (request.method === "POST") {
    const schema = second === "" ? schemas.get(first) : undefined;
    if (schema === undefined) return Response.json({ error: "not found" }, { status: 404 });
    let body: unknown;
    try {
      body = await request.json();
    } catch {
      return Response.json({ error: "not JSON" }, { status: 400 });
    }
    return validated(schema, body);
  }
  if (url.pathname === "/") return Response.json(HOME);
  if (url.pathname === "/products") return listProducts(url);
  const described = first === "schemas" ? schemas.get(second) : undefined;
  return described === undefined ? Response.json({ error: "not found" }, { status: 404 }) : describe(described);
}

export default {
  async fetch(request: Request): Promise<Response> {
    const response = await answer(request);
    const tag = request.headers.get("x-request-tag");
    if (tag !== null) response.headers.set("x-request-tag", tag);
    return response;
  },
};

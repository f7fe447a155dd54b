import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { z } from "zod";
import { addBook, findBook, listBooks, removeBook, replaceBook } from "./books.ts";
import { idSchema, listQuerySchema, newBookSchema, sumSchema } from "./schemas.ts";

type Bindings = { GREETING?: string };

const app = new Hono<{ Bindings: Bindings }>();

function parse<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  throw new HTTPException(422, { res: Response.json({ error: "invalid", problems }, { status: 422 }) });
}

async function readJson(request: { json(): Promise<unknown> }): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    throw new HTTPException(400, { res: Response.json({ error: "not JSON" }, { status: 400 }) });
  }
}

app.use(async (c, next) => {
  await next();
  const tag = c.req.header("x-request-tag");
  if (tag !== undefined) c.header("x-request-tag", tag);
});

app.get("/", (c) => c.json({ app: "hono-api", greeting: c.env?.GREETING ?? "Hello" }));
app.get("/books", (c) => c.json(listBooks(parse(listQuerySchema, c.req.query()))));
app.post("/books", async (c) => c.json(addBook(parse(newBookSchema, await readJson(c.req))), 201));
app.get("/books/:id", (c) => {
  const book = findBook(parse(idSchema, c.req.param("id")));
  return book === undefined ? c.notFound() : c.json(book);
});
app.put("/books/:id", async (c) => {
  const book = replaceBook(parse(idSchema, c.req.param("id")), parse(newBookSchema, await readJson(c.req)));
  return book === undefined ? c.notFound() : c.json(book);
});
app.delete("/books/:id", (c) => (removeBook(parse(idSchema, c.req.param("id"))) ? c.body(null, 204) : c.notFound()));
app.post("/sum", async (c) => {
  const { numbers } = parse(sumSchema, await readJson(c.req));
  return c.json({ count: numbers.length, sum: numbers.reduce((a, b) => a + b, 0) });
});
/** Gives the body back, byte for byte. */
app.post("/echo", async (c) => {
  const type = c.req.header("content-type") ?? "application/octet-stream";
  return c.body(await c.req.arrayBuffer(), 200, { "content-type": type });
});
app.get("/headers", (c) => c.json(Object.fromEntries(c.req.raw.headers)));
app.get("/cookies", (c) => {
  c.header("set-cookie", "a=1; Path=/", { append: true });
  c.header("set-cookie", "b=2; Path=/", { append: true });
  return c.text("two cookies");
});
app.get("/redirect", (c) => c.redirect("/books", 302));
app.get("/hello/:name", (c) => c.text(`Hello, ${c.req.param("name")}!`));
app.get("/url", (c) => c.json({ url: c.req.url, path: c.req.path }));
app.get("/digest/:text", async (c) => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(c.req.param("text")));
  return c.text([...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
});
app.get("/throw", () => {
  throw new RangeError("thrown on purpose");
});

app.notFound((c) => c.json({ error: "not found", path: c.req.path }, 404));
app.onError((error) => {
  if (error instanceof HTTPException) return error.getResponse();
  // The platform answers and logs it, with the stack in this file's lines.
  throw error;
});

// Hono builds its router when it is first asked, which each fresh context would pay again: asked here, it is in the sliver.
app.router.match("GET", "/");

export default app;

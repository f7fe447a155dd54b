/** Hono with its own middleware: JWT, CORS, validator, streaming, cookies, errors. */
import { Hono } from "hono";
import { setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { jwt, sign } from "hono/jwt";
import { stream, streamSSE, streamText } from "hono/streaming";
import { validator } from "hono/validator";

interface Env {
  readonly Bindings: { readonly JWT_SECRET: string };
  readonly Variables: { readonly jwtPayload: { readonly sub: string } };
}

const app = new Hono<Env>();

app.use("/api/*", cors({ origin: "https://shop.example", credentials: true }));
app.use("/api/me", (c, next) => jwt({ secret: c.env.JWT_SECRET, alg: "HS256" })(c, next));

app.get("/", (c) => c.text("hono-middleware"));

const login = validator("json", (value, c) => {
  const { name } = value as { name?: unknown };
  return typeof name === "string" ? { name } : c.json({ error: "name: expected a string" }, 400);
});
app.post("/api/login", login, async (c) => {
  const { name } = c.req.valid("json");
  const token = await sign({ sub: name, exp: 4_102_444_800 }, c.env.JWT_SECRET);
  setCookie(c, "session", token, { httpOnly: true, path: "/" });
  return c.json({ token });
});
app.get("/api/me", (c) => c.json(c.get("jwtPayload")));

app.get("/count", (c) =>
  streamText(c, async (output) => {
    for (let i = 1; i <= 3; i++) {
      await output.writeln(String(i));
      await output.sleep(5);
    }
  }),
);
app.get("/events", (c) =>
  streamSSE(c, async (output) => {
    for (let i = 1; i <= 3; i++) await output.writeSSE({ id: String(i), event: "tick", data: `${i}` });
  }),
);
app.post("/upper", (c) =>
  stream(c, async (output) => {
    const upper = new TransformStream<string, string>({ transform: (text, out) => out.enqueue(text.toUpperCase()) });
    const body = c.req.raw.body ?? new Blob([]).stream();
    await output.pipe(
      body.pipeThrough(new TextDecoderStream()).pipeThrough(upper).pipeThrough(new TextEncoderStream()),
    );
  }),
);
app.get("/old", (c) => c.redirect("/", 301));
app.get("/teapot", () => {
  throw new HTTPException(418, { message: "short and stout" });
});
app.get("/fail", () => {
  throw new Error("out of order");
});
app.onError((error, c) => {
  if (error instanceof HTTPException) return error.getResponse();
  return c.json({ error: error.message }, 500);
});
app.notFound((c) => c.json({ error: `nothing at ${c.req.path}` }, 404));

export default app;

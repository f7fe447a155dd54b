/** h3: routes, bodies, cookies, errors, streams. */
import { getCookie, getQuery, getRouterParam, H3, HTTPError, readBody, redirect, setCookie } from "h3";

const app = new H3();

app.get("/", () => "h3");
app.get("/books/:id", (event) => ({ id: getRouterParam(event, "id"), query: getQuery(event) }));
app.post("/books", async (event) => {
  event.res.status = 201;
  return { made: await readBody(event) };
});
app.get("/visits", (event) => {
  const count = Number(getCookie(event, "visits") ?? 0) + 1;
  setCookie(event, "visits", String(count), { httpOnly: true });
  return { count };
});
app.get("/old", () => redirect("/", 302));
app.get("/stream", () => new Blob(["one\n", "two\n", "three\n"]).stream());
app.get("/teapot", () => {
  throw new HTTPError({ status: 418, statusText: "I am a teapot", data: { short: true } });
});
app.get("/fail", () => {
  throw new Error("out of order");
});

export default { fetch: (request: Request): Response | Promise<Response> => app.fetch(request) };

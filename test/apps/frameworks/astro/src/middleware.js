import { defineMiddleware } from "astro:middleware";

export const onRequest = defineMiddleware(async (context, next) => {
  context.locals.user = context.cookies.get("user")?.value ?? "nobody";
  const response = await next();
  response.headers.set("x-middleware", "seen");
  return response;
});

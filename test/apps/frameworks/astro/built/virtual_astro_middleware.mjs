globalThis.process ??= {};
globalThis.process.env ??= {};
import { A as defineMiddleware, t as sequence } from "./chunks/sequence_iSs38uGq.mjs";
// src/middleware.js
var onRequest$1 = defineMiddleware(async (context, next) => {
	context.locals.user = context.cookies.get("user")?.value ?? "nobody";
	const response = await next();
	response.headers.set("x-middleware", "seen");
	return response;
});
// \0virtual:astro:middleware
var onRequest = sequence(onRequest$1);
export { onRequest };

//# sourceMappingURL=virtual_astro_middleware.mjs.map
globalThis.process ??= {};
globalThis.process.env ??= {};
import { n as App, r as DefaultFetchHandler } from "./chunks/entrypoints_B00XA54O.mjs";
import { F as manifest } from "./chunks/server_B600KTfE.mjs";
import "./chunks/_astro_assets_DXR1wExO.mjs";
import "./chunks/console_hLbKiPp7.mjs";
import "./chunks/remote_Ccz-GJM1.mjs";
import "./chunks/service_7ojD7UTZ.mjs";
import "./chunks/assets_B7WncbVS.mjs";
import "cloudflare:workers";
// \0virtual:astro-cloudflare:config
var sessionKVBindingName = "SESSION";
// \0virtual:astro:fetchable
var _virtual_astro_fetchable_default = new DefaultFetchHandler();
// ../node_modules/.pnpm/astro@7.3.5/node_modules/astro/dist/core/app/entrypoints/virtual/prod.js
var createApp$1 = ({ streaming } = {}) => {
	const app = new App(manifest, streaming);
	app.setFetchHandler(_virtual_astro_fetchable_default);
	return app;
};
// ../node_modules/.pnpm/astro@7.3.5/node_modules/astro/dist/core/app/entrypoints/virtual/index.js
var createApp = createApp$1;
// ../node_modules/.pnpm/@astrojs+internal-helpers@0.11.0/node_modules/@astrojs/internal-helpers/dist/request.js
function getFirstForwardedValue(multiValueHeader) {
	return multiValueHeader?.toString()?.split(",").map((e) => e.trim())?.[0];
}
var IP_RE = /^[0-9a-fA-F.:]{1,45}$/;
function isValidIpAddress(value) {
	return IP_RE.test(value);
}
function getValidatedIpFromHeader(headerValue) {
	const raw = getFirstForwardedValue(headerValue);
	if (raw && isValidIpAddress(raw)) return raw;
}
// ../node_modules/.pnpm/@astrojs+cloudflare@14.3.3_astro@7.3.5_esbuild@0.28.2_wrangler@4.164.0/node_modules/@astrojs/cloudflare/dist/utils/cf-helpers.js
function matchStaticAsset(manifest, requestUrl, env) {
	const { pathname } = new URL(requestUrl);
	if (manifest.assets.has(pathname)) return env.ASSETS.fetch(requestUrl.replace(/\.html$/, ""));
}
async function fallbackToAssets(requestUrl, env) {
	const asset = await env.ASSETS.fetch(requestUrl.replace(/index.html$/, "").replace(/\.html$/, ""));
	if (asset.status !== 404) return asset;
}
function createErrorPageFetch(env) {
	return async (url) => {
		return env.ASSETS.fetch(url.replace(/\.html$/, ""));
	};
}
function createLocals(ctx) {
	const locals = { cfContext: ctx };
	Object.defineProperty(locals, "runtime", {
		enumerable: false,
		value: {
			get env() {
				throw new Error(`Astro.locals.runtime.env has been removed in Astro v6. Use 'import { env } from "cloudflare:workers"' instead.`);
			},
			get cf() {
				throw new Error(`Astro.locals.runtime.cf has been removed in Astro v6. Use 'Astro.request.cf' instead.`);
			},
			get caches() {
				throw new Error(`Astro.locals.runtime.caches has been removed in Astro v6. Use the global 'caches' object instead.`);
			},
			get ctx() {
				throw new Error(`Astro.locals.runtime.ctx has been removed in Astro v6. Use 'Astro.locals.cfContext' instead.`);
			}
		}
	});
	return locals;
}
function getClientAddress(request) {
	return getValidatedIpFromHeader(request.headers.get("cf-connecting-ip"));
}
// ../node_modules/.pnpm/@astrojs+cloudflare@14.3.3_astro@7.3.5_esbuild@0.28.2_wrangler@4.164.0/node_modules/@astrojs/cloudflare/dist/utils/cf.js
function injectSessionBinding(manifest, env) {
	if (env["SESSION"]) {
		const sessionConfigOptions = manifest.sessionConfig?.options ?? {};
		Object.assign(sessionConfigOptions, { binding: env[sessionKVBindingName] });
	}
}
// ../node_modules/.pnpm/@astrojs+cloudflare@14.3.3_astro@7.3.5_esbuild@0.28.2_wrangler@4.164.0/node_modules/@astrojs/cloudflare/dist/utils/response.js
function applyCloudflareResponseHeaders(response, setCookieHeaders, cacheProviderEnabled) {
	const cookies = [...setCookieHeaders];
	const needsNoStoreDefault = cacheProviderEnabled && !response.headers.has("Cloudflare-CDN-Cache-Control");
	if (cookies.length > 0 || needsNoStoreDefault) {
		const applyHeaders = (target) => {
			for (const cookie of cookies) target.headers.append("Set-Cookie", cookie);
			if (needsNoStoreDefault) target.headers.set("Cloudflare-CDN-Cache-Control", "no-store");
		};
		try {
			applyHeaders(response);
		} catch {
			response = new Response(response.body, response);
			applyHeaders(response);
		}
	}
	return response;
}
var app = createApp();
async function handle(request, env, context) {
	injectSessionBinding(app.manifest, env);
	const staticAsset = matchStaticAsset(app.manifest, request.url, env);
	if (staticAsset) return staticAsset;
	let routeData = void 0;
	if (app.isDev()) {
		const result = await app.devMatch(app.getPathnameFromRequest(request));
		if (result) routeData = result.routeData;
	} else routeData = app.match(request);
	if (!routeData) {
		const asset = await fallbackToAssets(request.url, env);
		if (asset) return asset;
	}
	const locals = createLocals(context);
	const waitUntil = context.waitUntil.bind(context);
	const response = await app.render(request, {
		routeData,
		locals,
		waitUntil,
		prerenderedErrorPageFetch: createErrorPageFetch(env),
		clientAddress: getClientAddress(request)
	});
	return applyCloudflareResponseHeaders(response, app.setCookieHeaders ? [...app.setCookieHeaders(response)] : [], false);
}
// \0virtual:cloudflare/worker-entry
var worker_entry_default = { fetch: handle };
export { worker_entry_default as default };

//# sourceMappingURL=entry.mjs.map
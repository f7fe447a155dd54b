globalThis.process ??= {};
globalThis.process.env ??= {};
import { t as __exportAll } from "./rolldown-runtime_COXxpbMV.mjs";
import { m as maybeRenderHead, p as renderTemplate, s as renderComponent } from "./console_hLbKiPp7.mjs";
import { t as createComponent } from "./compiler_DWIeiaAP.mjs";
import { t as createAstro } from "./astro-global_BPhoa8iL.mjs";
// src/layouts/Forecast.astro
createAstro("https://astro.build");
var $$Forecast = createComponent(async ($$result, $$props, $$slots) => {
	const Astro = $$result.createAstro($$props, $$slots);
	Astro.self = $$Forecast;
	const delayMs = Number(Astro.url.searchParams.get("ms") ?? 1);
	const forecast = await new Promise((resolve) => setTimeout(resolve, delayMs, "rain from Monday"));
	return renderTemplate`${maybeRenderHead($$result)}<p>${forecast}</p>`;
}, "/work/main/test/apps/frameworks/astro/src/layouts/Forecast.astro", void 0);
// src/pages/streamed.astro
var streamed_exports = /* @__PURE__ */ __exportAll({
	default: () => $$Streamed,
	file: () => $$file,
	url: () => $$url
});
var $$Streamed = createComponent(($$result, $$props, $$slots) => {
	return renderTemplate`${maybeRenderHead($$result)}<h1>Riga</h1>${renderComponent($$result, "Forecast", $$Forecast, {})}`;
}, "/work/main/test/apps/frameworks/astro/src/pages/streamed.astro", void 0);
var $$file = "/work/main/test/apps/frameworks/astro/src/pages/streamed.astro";
var $$url = "/streamed";
// \0virtual:astro:page:src/pages/streamed@_@astro
var page = () => streamed_exports;
export { page };

//# sourceMappingURL=streamed_pbrb0mHZ.mjs.map
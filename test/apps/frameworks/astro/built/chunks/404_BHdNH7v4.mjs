globalThis.process ??= {};
globalThis.process.env ??= {};
import { t as __exportAll } from "./rolldown-runtime_COXxpbMV.mjs";
import { m as maybeRenderHead, p as renderTemplate, s as renderComponent } from "./console_hLbKiPp7.mjs";
import { t as createComponent } from "./compiler_DWIeiaAP.mjs";
import { t as createAstro } from "./astro-global_BPhoa8iL.mjs";
import { t as $$Page } from "./Page_bxLzdR-B.mjs";
// src/pages/404.astro
var _404_exports = /* @__PURE__ */ __exportAll({
	default: () => $$404,
	file: () => $$file,
	url: () => $$url
});
createAstro("https://astro.build");
var $$404 = createComponent(($$result, $$props, $$slots) => {
	const Astro = $$result.createAstro($$props, $$slots);
	Astro.self = $$404;
	return renderTemplate`${renderComponent($$result, "Page", $$Page, { "title": "Nothing" }, { "default": ($$result) => renderTemplate`${maybeRenderHead($$result)}<h1>Nothing at ${Astro.url.pathname}</h1>` })}`;
}, "/work/main/test/apps/frameworks/astro/src/pages/404.astro", void 0);
var $$file = "/work/main/test/apps/frameworks/astro/src/pages/404.astro";
var $$url = "/404";
// \0virtual:astro:page:src/pages/404@_@astro
var page = () => _404_exports;
export { page };

//# sourceMappingURL=404_BHdNH7v4.mjs.map
globalThis.process ??= {};
globalThis.process.env ??= {};
import { t as __exportAll } from "./rolldown-runtime_COXxpbMV.mjs";
import { m as maybeRenderHead, p as renderTemplate } from "./console_hLbKiPp7.mjs";
import { t as createComponent } from "./compiler_DWIeiaAP.mjs";
import { t as createAstro } from "./astro-global_BPhoa8iL.mjs";
// src/pages/500.astro
var _500_exports = /* @__PURE__ */ __exportAll({
	default: () => $$500,
	file: () => $$file,
	url: () => $$url
});
createAstro("https://astro.build");
var $$500 = createComponent(($$result, $$props, $$slots) => {
	const Astro = $$result.createAstro($$props, $$slots);
	Astro.self = $$500;
	const { error } = Astro.props;
	return renderTemplate`${maybeRenderHead($$result)}<h1>Broken: ${error.message}</h1>`;
}, "/work/main/test/apps/frameworks/astro/src/pages/500.astro", void 0);
var $$file = "/work/main/test/apps/frameworks/astro/src/pages/500.astro";
var $$url = "/500";
// \0virtual:astro:page:src/pages/500@_@astro
var page = () => _500_exports;
export { page };

//# sourceMappingURL=500_C-6mlCqf.mjs.map
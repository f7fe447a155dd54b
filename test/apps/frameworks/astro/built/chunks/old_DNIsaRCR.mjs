globalThis.process ??= {};
globalThis.process.env ??= {};
import { t as __exportAll } from "./rolldown-runtime_COXxpbMV.mjs";
import { t as createComponent } from "./compiler_DWIeiaAP.mjs";
import { t as createAstro } from "./astro-global_BPhoa8iL.mjs";
// src/pages/old.astro
var old_exports = /* @__PURE__ */ __exportAll({
	default: () => $$Old,
	file: () => $$file,
	url: () => $$url
});
createAstro("https://astro.build");
var $$Old = createComponent(($$result, $$props, $$slots) => {
	const Astro = $$result.createAstro($$props, $$slots);
	Astro.self = $$Old;
	return Astro.redirect("/?name=again", 308);
}, "/work/main/test/apps/frameworks/astro/src/pages/old.astro", void 0);
var $$file = "/work/main/test/apps/frameworks/astro/src/pages/old.astro";
var $$url = "/old";
// \0virtual:astro:page:src/pages/old@_@astro
var page = () => old_exports;
export { page };

//# sourceMappingURL=old_DNIsaRCR.mjs.map
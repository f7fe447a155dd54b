globalThis.process ??= {};
globalThis.process.env ??= {};
import { t as __exportAll } from "./rolldown-runtime_COXxpbMV.mjs";
import { m as maybeRenderHead, p as renderTemplate, s as renderComponent } from "./console_hLbKiPp7.mjs";
import { t as createComponent } from "./compiler_DWIeiaAP.mjs";
import { t as createAstro } from "./astro-global_BPhoa8iL.mjs";
import { t as $$Page } from "./Page_bxLzdR-B.mjs";
// src/pages/books/[id].astro
var _id__exports = /* @__PURE__ */ __exportAll({
	default: () => $$Id,
	file: () => $$file,
	url: () => $$url
});
createAstro("https://astro.build");
var $$Id = createComponent(($$result, $$props, $$slots) => {
	const Astro = $$result.createAstro($$props, $$slots);
	Astro.self = $$Id;
	const title = { 7: "Moby-Dick" }[Astro.params.id];
	if (title === void 0) return new Response(`No book ${Astro.params.id}`, { status: 404 });
	return renderTemplate`${renderComponent($$result, "Page", $$Page, { "title": title }, { "default": ($$result) => renderTemplate`${maybeRenderHead($$result)}<h1>${title}</h1>` })}`;
}, "/work/main/test/apps/frameworks/astro/src/pages/books/[id].astro", void 0);
var $$file = "/work/main/test/apps/frameworks/astro/src/pages/books/[id].astro";
var $$url = "/books/[id]";
// \0virtual:astro:page:src/pages/books/[id]@_@astro
var page = () => _id__exports;
export { page };

//# sourceMappingURL=_id__D-_U5icL.mjs.map
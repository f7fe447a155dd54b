globalThis.process ??= {};
globalThis.process.env ??= {};
import { t as __exportAll } from "./rolldown-runtime_COXxpbMV.mjs";
import { m as maybeRenderHead, p as renderTemplate, s as renderComponent } from "./console_hLbKiPp7.mjs";
import { t as createComponent } from "./compiler_DWIeiaAP.mjs";
import { t as createAstro } from "./astro-global_BPhoa8iL.mjs";
import { t as $$Page } from "./Page_bxLzdR-B.mjs";
// src/pages/index.astro
var pages_exports = /* @__PURE__ */ __exportAll({
	default: () => $$Index,
	file: () => $$file,
	url: () => ""
});
createAstro("https://astro.build");
var $$Index = createComponent(async ($$result, $$props, $$slots) => {
	const Astro = $$result.createAstro($$props, $$slots);
	Astro.self = $$Index;
	const name = Astro.url.searchParams.get("name") ?? "World";
	let made = null;
	if (Astro.request.method === "POST") {
		made = (await Astro.request.formData()).get("title");
		if (made === "") Astro.response.status = 422;
	}
	return renderTemplate`${renderComponent($$result, "Page", $$Page, {
		"title": "Home",
		"data-astro-cid-lcdefpme": true
	}, { "default": ($$result) => renderTemplate`${maybeRenderHead($$result)}<h1 data-astro-cid-lcdefpme>Hello, ${name}</h1>${made === "" && renderTemplate`<p data-astro-cid-lcdefpme>a title is missing</p>`}${made && renderTemplate`<p data-astro-cid-lcdefpme>made ${made}</p>`}<form method="POST" data-astro-cid-lcdefpme><input name="title" data-astro-cid-lcdefpme></form>` })}`;
}, "/work/main/test/apps/frameworks/astro/src/pages/index.astro", void 0);
var $$file = "/work/main/test/apps/frameworks/astro/src/pages/index.astro";
// \0virtual:astro:page:src/pages/index@_@astro
var page = () => pages_exports;
export { page };

//# sourceMappingURL=index_DpLzaMM6.mjs.map
globalThis.process ??= {};
globalThis.process.env ??= {};
import { h as renderHead, p as renderTemplate, u as renderSlot } from "./console_hLbKiPp7.mjs";
import { t as createComponent } from "./compiler_DWIeiaAP.mjs";
import { t as createAstro } from "./astro-global_BPhoa8iL.mjs";
// src/layouts/Page.astro
createAstro("https://astro.build");
var $$Page = createComponent(($$result, $$props, $$slots) => {
	const Astro = $$result.createAstro($$props, $$slots);
	Astro.self = $$Page;
	const { title } = Astro.props;
	return renderTemplate`<html lang="en"><head><title>${title}</title>${renderHead($$result)}</head><body><nav>${Astro.locals.user}</nav>${renderSlot($$result, $$slots["default"])}<footer>${Astro.clientAddress}</footer></body></html>`;
}, "/work/main/test/apps/frameworks/astro/src/layouts/Page.astro", void 0);
export { $$Page as t };

//# sourceMappingURL=Page_bxLzdR-B.mjs.map
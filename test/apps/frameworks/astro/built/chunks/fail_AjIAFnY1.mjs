globalThis.process ??= {};
globalThis.process.env ??= {};
import { t as __exportAll } from "./rolldown-runtime_COXxpbMV.mjs";
import { t as createComponent } from "./compiler_DWIeiaAP.mjs";
// src/pages/fail.astro
var fail_exports = /* @__PURE__ */ __exportAll({
	default: () => $$Fail,
	file: () => $$file,
	url: () => $$url
});
var $$Fail = createComponent(($$result, $$props, $$slots) => {
	throw new Error("out of order");
}, "/work/main/test/apps/frameworks/astro/src/pages/fail.astro", void 0);
var $$file = "/work/main/test/apps/frameworks/astro/src/pages/fail.astro";
var $$url = "/fail";
// \0virtual:astro:page:src/pages/fail@_@astro
var page = () => fail_exports;
export { page };

//# sourceMappingURL=fail_AjIAFnY1.mjs.map
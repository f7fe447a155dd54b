globalThis.process ??= {};
globalThis.process.env ??= {};
import { t as __exportAll } from "./rolldown-runtime_COXxpbMV.mjs";
// src/pages/api/login.js
var login_exports = /* @__PURE__ */ __exportAll({ POST: () => POST });
async function POST({ request, cookies, redirect }) {
	const form = await request.formData();
	cookies.set("user", String(form.get("user")), { path: "/" });
	return redirect("/", 303);
}
// \0virtual:astro:page:src/pages/api/login@_@js
var page = () => login_exports;
export { page };

//# sourceMappingURL=login_Xfxx7uW7.mjs.map
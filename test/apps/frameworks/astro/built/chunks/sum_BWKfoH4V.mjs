globalThis.process ??= {};
globalThis.process.env ??= {};
import { t as __exportAll } from "./rolldown-runtime_COXxpbMV.mjs";
// src/pages/api/sum.js
var sum_exports = /* @__PURE__ */ __exportAll({ POST: () => POST });
async function POST({ request }) {
	const { numbers } = await request.json();
	if (!Array.isArray(numbers)) return Response.json({ error: "numbers: expected an array" }, { status: 400 });
	return Response.json({ sum: numbers.reduce((sum, number) => sum + number, 0) });
}
// \0virtual:astro:page:src/pages/api/sum@_@js
var page = () => sum_exports;
export { page };

//# sourceMappingURL=sum_BWKfoH4V.mjs.map
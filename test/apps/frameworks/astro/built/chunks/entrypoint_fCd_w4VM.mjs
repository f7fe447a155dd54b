globalThis.process ??= {};
globalThis.process.env ??= {};
import { Z as fetchStateSymbol, _t as ActionCalledFromServerError, ht as AstroError, it as string, rt as object } from "./console_hLbKiPp7.mjs";
import { C as ActionError, T as createGetActionPath, i as getAction, t as defineAction, w as createActionsProxy } from "./server_B600KTfE.mjs";
createGetActionPath({
	baseUrl: "/",
	shouldAppendTrailingSlash: true
});
createActionsProxy({ handleAction: async (param, path, context) => {
	const state = context ? Reflect.get(context, fetchStateSymbol) : void 0;
	if (!state) throw new AstroError(ActionCalledFromServerError);
	const action = await getAction(state.manifest, path);
	if (!action) throw new Error(`Action not found: ${path}`);
	return action.bind(context)(param);
} });
// src/actions/index.js
var server = { greet: defineAction({
	input: object({ name: string().min(1) }),
	handler: ({ name }) => {
		if (name === "Mallory") throw new ActionError({
			code: "FORBIDDEN",
			message: "not you"
		});
		return `Hello, ${name}`;
	}
}) };
export { server };

//# sourceMappingURL=entrypoint_fCd_w4VM.mjs.map
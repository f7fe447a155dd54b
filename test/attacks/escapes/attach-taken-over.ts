import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `const taken = [];
const spy = (...args) => { taken.push(...args); };
for (const take of [
  () => { globalThis.__nano_attach__ = spy; },
  () => { Object.defineProperty(globalThis, "__nano_attach__", { value: spy }); },
  () => { delete globalThis.__nano_attach__; globalThis.__nano_attach__ = spy; },
  () => { Object.prototype.__nano_attach__ = spy; },
  () => { Object.defineProperty(globalThis, "__nano_app__", { value: spy }); },
]) try { take(); } catch {}
const early = () => { try { return globalThis.__nano_attach__("", spy, "{}"); } catch { return undefined; } };
const answers = [early(), early()];
export default { fetch(request, env, ctx) {
  answers.push(early());
  const held = [...taken, ...answers].filter((value) => typeof value === "function");
  return new Response(held.length === 0 ? "contained" : "escaped: holds " + held.length + " functions of the host");
} }`,
  isAlone: true,
};

export const attack: Attack = {
  tries: "Replaces, calls early and calls twice the point at which the host attaches, to get what it hands over.",
  tenant,
  strike: answersText("contained"),
  undefended: () => escapesHostRealm(tenant, "contained", { __nano_attach__: () => () => undefined }),
};

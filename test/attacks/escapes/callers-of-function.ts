import { runInThisContext } from "node:vm";
import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  function inner() {
    const found = [];
    try { for (let caller = inner.caller, i = 0; caller && i < 20; caller = caller.caller, i++) found.push(caller); } catch {}
    try { found.push(arguments.callee.caller); } catch {}
    return found;
  }
  const reached = [];
  const sloppy = new Function("f", "return f()");
  reached.push(...sloppy(inner));
  request.headers.forEach?.(() => reached.push(...inner()));
  globalThis.callBack?.(function outer() { reached.push(...inner()); });
  ["x"].forEach(() => reached.push(...inner()));
  for (const caller of reached) {
    try {
      const pid = caller.constructor("return typeof process === 'undefined' ? null : process.pid")();
      if (pid !== null) return new Response("escaped to process " + pid);
    } catch {}
  }
  return new Response("contained");
} }`,
};

export const attack: Attack = {
  tries: "Looks from a sloppy function to who called it, and on to the host.",
  tenant,
  strike: answersText("contained"),
  undefended: () =>
    escapesHostRealm(tenant, "contained", { callBack: runInThisContext("(function (f) { return f(); })") }),
};

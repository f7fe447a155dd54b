import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  for (const value of [globalThis, request, env, ctx, Response, URL, request.headers, console]) {
    try {
      const found = value.constructor.constructor("return typeof process === 'undefined' ? null : process.pid")();
      if (found !== null) return new Response("escaped to process " + found);
    } catch {}
  }
  return new Response("contained");
} }`,
};

export const attack: Attack = {
  tries: "Makes a function by the constructor of whatever it is given, and has it run in the realm of the host.",
  tenant,
  strike: answersText("contained"),
  undefended: () => escapesHostRealm(tenant, "contained"),
};

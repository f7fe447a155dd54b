import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { async fetch(request, env, ctx) {
  const failures = [() => new URL("::"), () => atob("%"), () => structuredClone(() => {}), () => new Response("", { status: 7 }),
    () => new Headers({ "a b": "c" }), () => fetch("::"), () => crypto.subtle.digest("none", new Uint8Array(1)), () => request.headers.get()];
  for (const fail of failures) {
    try { await fail(); } catch (error) {
      try {
        const found = error.constructor.constructor("return typeof process === 'undefined' ? null : process.pid")();
        if (found !== null) return new Response("escaped to process " + found);
      } catch {}
    }
  }
  return new Response("contained");
} }`,
};

export const attack: Attack = {
  tries: "Goes by the errors that the host throws at wrong arguments to the realm that made them.",
  tenant,
  strike: answersText("contained"),
  undefended: () => escapesHostRealm(tenant, "contained"),
};

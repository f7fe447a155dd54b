import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { async fetch(request, env, ctx) {
  let reached = null;
  const look = (value) => { try { reached ??= value.constructor.constructor("return typeof process === 'undefined' ? null : process.pid")(); } catch {} };
  const trap = { defineProperty(target, key, descriptor) { look(descriptor.value); return Reflect.defineProperty(target, key, descriptor); } };
  class Made { constructor() { return new Proxy([], trap); } }
  class Spy extends Array { static get [Symbol.species]() { return Made; } }
  class Bytes extends Uint8Array { static get [Symbol.species]() { return Made; } }
  const pairs = Spy.from([["a", "b"]]);
  const give = [() => new Headers(pairs), () => new URLSearchParams(pairs), () => new Blob(Spy.from([new Bytes(4)])), () => new Response(new Bytes(8)).arrayBuffer(),
    () => structuredClone(pairs), () => Response.json(pairs).text(), () => new Response("x", { headers: pairs }), () => globalThis.platform?.(pairs)];
  for (const ask of give) try { await ask(); } catch {}
  return new Response(typeof reached === "number" ? "escaped to process " + reached : "contained");
} }`,
};

export const attack: Attack = {
  tries: "Has the host build what it answers by a constructor of the tenant, through Symbol.species.",
  tenant,
  strike: answersText("contained"),
  undefended: () =>
    escapesHostRealm(tenant, "contained", {
      platform: (pairs: unknown[]) => pairs.map((pair) => ({ pair })),
    }),
};

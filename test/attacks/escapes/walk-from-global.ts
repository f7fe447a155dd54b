import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const own = new Set([Function.prototype, (async () => {}).constructor.prototype, (function* () {}).constructor.prototype, (async function* () {}).constructor.prototype]);
  const seen = new Set();
  const pending = [globalThis, request, env, ctx];
  while (pending.length > 0) {
    const value = pending.pop();
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) continue;
    seen.add(value);
    if (typeof value === "function") {
      let top = value;
      for (let next = Object.getPrototypeOf(top); next !== null && !own.has(top); next = Object.getPrototypeOf(top)) top = next;
      if (!own.has(top)) return new Response("escaped: holds a function of another realm, " + value.name);
    }
    for (const key of Reflect.ownKeys(value)) {
      const { get, set, value: held } = Object.getOwnPropertyDescriptor(value, key) ?? {};
      pending.push(held, get, set);
      if (get !== undefined) try { pending.push(get.call(value)); } catch {}
    }
    pending.push(Object.getPrototypeOf(value));
  }
  return new Response("contained");
} }`,
  settings: { limits: { cpu_time_ms: 2000 } },
};

export const attack: Attack = {
  tries:
    "Walks all that can be reached from the global object, prototypes and getters included, for what is not its own realm.",
  tenant,
  strike: answersText("contained"),
  undefended: () => escapesHostRealm(tenant, "contained"),
};

import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const found = [];
  if (typeof SharedArrayBuffer !== "undefined") found.push("SharedArrayBuffer");
  try { if (new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer.constructor.name === "SharedArrayBuffer") found.push("shared WebAssembly.Memory"); } catch {}
  if (typeof Atomics !== "undefined" && typeof Atomics.wait === "function") found.push("Atomics.wait");
  const clocks = { performance: () => performance.now(), Temporal: () => Number(Temporal.Now.instant().epochNanoseconds / 1000n) / 1000, Date: () => Date.now() };
  for (const [name, now] of Object.entries(clocks)) {
    try {
      const start = now();
      let at = start;
      for (let i = 0; i < 20000 && at === start; i++) at = now();
      if (at !== start && at - start < 0.9) found.push("a clock of " + name + " that tells less than a millisecond");
    } catch {}
  }
  return new Response(found.length === 0 ? "contained" : "escaped: has " + found.join(", "));
} }`,
  settings: { limits: { cpu_time_ms: 2000 } },
};

export const attack: Attack = {
  tries:
    "Builds a clock of its own that tells microseconds: by shared memory, by what V8 has of it, or by a platform clock that is too fine.",
  tenant,
  strike: answersText("contained"),
  undefended: () => escapesHostRealm(tenant, "contained"),
};

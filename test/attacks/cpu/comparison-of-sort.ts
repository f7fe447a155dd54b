import { type Attack, endsAs } from "../harness/attack.ts";
import { burnsForEver } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const slow = () => { let x = 0; for (let i = 0; i < 1e5; i++) x ^= i; return (x & 1) - 0.5; };
  return new Response(String(Array.from({ length: 1e5 }, (_, i) => i).sort(slow)));
} }`,
  settings: { limits: { cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Has a sort of V8 call a comparison that costs as much as a request may.",
  tenant,
  strike: endsAs("503 cpu_limit"),
  undefended: () => burnsForEver(tenant),
};

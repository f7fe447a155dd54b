import { type Attack, endsAs } from "../harness/attack.ts";
import { growsOn } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  return new Response(String("x".repeat(1e7).replace(/x/g, () => "y".repeat(20)).length));
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 1000 } },
};

export const attack: Attack = {
  tries: "Replaces each character of a long text by a longer one.",
  tenant,
  strike: endsAs("503 memory_limit"),
  undefended: () => growsOn(tenant),
};

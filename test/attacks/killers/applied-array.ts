import { type Attack, endsAs } from "../harness/attack.ts";
import { takesItsProcess } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  return new Response(String(Math.max.apply(null, new Array(1e8).fill(1))));
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 200 } },
};

export const attack: Attack = {
  tries: "Applies a function to a hundred million arguments.",
  tenant,
  harm: "kills",
  strike: endsAs("502 worker_lost", "503 quarantined"),
  undefended: () => takesItsProcess(tenant),
};

import { type Attack, endsAs } from "../harness/attack.ts";
import { takesItsProcess } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  return new Response(String(7n ** 100000000n % 10n));
} }`,
  settings: { limits: { memory_mb: 64, cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Raises a BigInt in one operation, which V8 multiplies for seconds without a look at its limit.",
  tenant,
  harm: "hangs",
  strike: endsAs("503 cpu_limit", "502 worker_lost", "503 quarantined"),
  undefended: () => takesItsProcess(tenant),
};

import { type Attack, endsAs } from "../harness/attack.ts";
import { takesItsProcess } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const all = [1];
  all.length = 2 ** 32 - 1;
  return new Response(String(all.reverse().length));
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Reverses an array of four billion holes, each of which a built-in visits.",
  tenant,
  harm: "hangs",
  strike: endsAs("503 cpu_limit", "502 worker_lost", "503 quarantined"),
  undefended: () => takesItsProcess(tenant),
};

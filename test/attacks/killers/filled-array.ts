import { type Attack, endsAs } from "../harness/attack.ts";
import { takesItsProcess } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  return new Response(String(new Array(5e8).fill(0).length));
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 200 } },
};

export const attack: Attack = {
  tries: "Fills an array of half a billion places: V8 is out of memory where it cannot say so.",
  tenant,
  harm: "kills",
  strike: endsAs("502 worker_lost", "503 quarantined"),
  undefended: () => takesItsProcess(tenant),
};

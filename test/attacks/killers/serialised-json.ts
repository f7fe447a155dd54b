import { type Attack, endsAs } from "../harness/attack.ts";
import { takesItsProcess } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  let value = Array.from({ length: 1e5 }, (_, i) => i);
  for (let i = 0; i < 20; i++) value = [value, value];
  return new Response(String(JSON.stringify(value).length));
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 200 } },
};

export const attack: Attack = {
  tries: "Serialises a value that names the same array a million times.",
  tenant,
  harm: "kills",
  strike: endsAs("502 worker_lost", "503 quarantined"),
  undefended: () => takesItsProcess(tenant),
};

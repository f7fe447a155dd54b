import { type Attack, endsAs } from "../harness/attack.ts";
import { takesItsProcess } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const all = [];
  for (let i = 0; i < 5e6; i++) all.push((i * 7919) % 5e6);
  return new Response(String(all.sort().length));
} }`,
  settings: { limits: { memory_mb: 64, cpu_time_ms: 300 } },
};

export const attack: Attack = {
  tries: "Sorts five million numbers: V8 copies them where its limit is not looked at.",
  tenant,
  harm: "kills",
  strike: endsAs("502 worker_lost", "503 quarantined"),
  undefended: () => takesItsProcess(tenant),
};

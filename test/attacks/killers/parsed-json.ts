import { type Attack, endsAs } from "../harness/attack.ts";
import { takesItsProcess } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  return new Response(String(JSON.parse("[" + "[],".repeat(2e7) + "1]").length));
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 200 } },
};

export const attack: Attack = {
  tries: "Parses JSON that is small as a text and large as a value, in one call.",
  tenant,
  harm: "kills",
  strike: endsAs("502 worker_lost", "503 quarantined"),
  undefended: () => takesItsProcess(tenant),
};

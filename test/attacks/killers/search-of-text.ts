import { type Attack, endsAs } from "../harness/attack.ts";
import { takesItsProcess } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const found = "a".repeat(2e7).lastIndexOf("a".repeat(1e7) + "b");
  return new Response(String(found));
} }`,
  settings: { limits: { memory_mb: 64, cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Searches one text for another in one call, whose time is the product of their lengths.",
  tenant,
  harm: "hangs",
  strike: endsAs("503 cpu_limit", "502 worker_lost", "503 quarantined"),
  undefended: () => takesItsProcess(tenant),
};

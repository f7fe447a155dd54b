import { type Attack, endsAs } from "../harness/attack.ts";
import { takesItsProcess } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  return new Response(String(new RegExp("(?:" + "ab|".repeat(5e6) + ")").test("x")));
} }`,
  settings: { limits: { memory_mb: 64, cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Has a pattern of five million alternatives compiled, in memory that is not the heap's.",
  tenant,
  harm: "hangs",
  strike: endsAs("503 cpu_limit", "502 worker_lost", "503 quarantined"),
  undefended: () => takesItsProcess(tenant),
};

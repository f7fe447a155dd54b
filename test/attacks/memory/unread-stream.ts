import { type Attack, endsAs } from "../harness/attack.ts";
import { growsOn } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  return new Response(new ReadableStream({ start(controller) { for (let i = 0; ; i++) controller.enqueue("x".repeat(100) + i); } }));
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 1000 } },
};

export const attack: Attack = {
  tries: "Fills a stream that nobody reads.",
  tenant,
  strike: endsAs("503 memory_limit", "503 cpu_limit"),
  undefended: () => growsOn(tenant),
};

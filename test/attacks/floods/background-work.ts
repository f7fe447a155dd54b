import { type Attack, endsAs } from "../harness/attack.ts";
import { watchUnlimited } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  ctx.waitUntil(new Promise(() => {}));
  setInterval(() => {}, 0);
  return new Response("answered");
} }`,
  settings: { limits: { cpu_time_ms: 50, wait_until_secs: 1 } },
};

export const attack: Attack = {
  tries: "Answers at once, and has waitUntil keep work without end.",
  tenant,
  strike: endsAs("200"),
  undefended: () =>
    watchUnlimited(tenant, {
      limits: { wait_until_secs: 300, cpu_time_ms: 60_000 },
      proves: ({ answers, elapsedMs }) => (answers.length === 0 && elapsedMs > 2_500 ? "was still kept" : null),
    }),
};

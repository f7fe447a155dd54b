import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  let count = 0;
  try { for (; count < 1e5; count++) setTimeout(() => {}, 3_600_000); } catch {}
  return new Response(count < 1e5 ? "bounded" : "kept " + count);
} }`,
  settings: { limits: { cpu_time_ms: 1000 } },
};

export const attack: Attack = {
  tries: "Sets a hundred thousand timers, each of which the host has to keep.",
  tenant,
  strike: answersText("bounded"),
  undefended: () => {
    const kept: NodeJS.Timeout[] = [];
    const take = (callback: () => void, delayMs: number): void => void kept.push(setTimeout(callback, delayMs));
    return escapesHostRealm(tenant, "bounded", { setTimeout: take }).finally(() => kept.forEach(clearTimeout));
  },
};

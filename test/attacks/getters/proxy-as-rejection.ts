import { type Attack, endsAs } from "../harness/attack.ts";
import { takesItsProcess } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const loop = () => { for (;;); };
  Promise.reject(new Proxy({}, { get: loop, has: loop, ownKeys: loop, getPrototypeOf: loop, getOwnPropertyDescriptor: loop }));
  return new Promise(() => {});
} }`,
  settings: { limits: { cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Rejects with a proxy whose traps loop, whatever is asked of it.",
  tenant,
  harm: "hangs",
  strike: endsAs("503 cpu_limit", "502 worker_lost", "503 quarantined"),
  undefended: () => takesItsProcess(tenant),
};

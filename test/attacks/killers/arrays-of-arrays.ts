import { type Attack, endsAs } from "../harness/attack.ts";
import { takesItsProcess } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const all = [];
  for (;;) all.push(new Array(1000).fill(all.length));
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 200 } },
};

export const attack: Attack = {
  tries: "Keeps arrays of a thousand places each: V8 is out of memory in the fast path of an allocation.",
  tenant,
  harm: "kills",
  strike: endsAs("502 worker_lost", "503 quarantined"),
  undefended: () => takesItsProcess(tenant),
};

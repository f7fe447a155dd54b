import { type Attack, endsAs } from "../harness/attack.ts";
import { takesItsProcess } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const error = new Error("x");
  Object.defineProperty(error, "stack", { get() { for (;;); } });
  Promise.reject(error);
  return new Promise(() => {});
} }`,
  settings: { limits: { cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Rejects with an error whose stack is a getter that loops: V8 reads it where its time limit is over.",
  tenant,
  harm: "hangs",
  strike: endsAs("503 cpu_limit", "502 worker_lost", "503 quarantined"),
  undefended: () => takesItsProcess(tenant),
};

import { type Attack, answersText } from "../harness/attack.ts";
import { breaksNaiveHost } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  setTimeout(() => {
    const error = new Error("x");
    Object.defineProperty(error, "stack", { get() { for (;;); } });
    throw error;
  }, 1);
  return new Promise((resolve) => setTimeout(() => resolve(new Response("went on")), 20));
} }`,
  settings: { limits: { cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Throws, in a timer, an error whose stack is a getter that loops, while its request waits.",
  tenant,
  strike: answersText("went on"),
  undefended: () => breaksNaiveHost(tenant),
};

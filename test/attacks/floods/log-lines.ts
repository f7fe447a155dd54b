import { type Attack, describeAnswer } from "../harness/attack.ts";
import { watchUnlimited } from "../harness/unlimited-app.ts";

/** Of the whole flood, 3 MB: what a second of an app may leave, for each worker. */
const MAX_LOGGED_CHARS = 1_000_000;

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  for (let i = 0; i < 1e5; i++) console.log("a line of a flood", i);
  return new Response("logged");
} }`,
  settings: { limits: { cpu_time_ms: 1000 } },
};

export const attack: Attack = {
  tries: "Logs a hundred thousand lines at once, for the log to swallow.",
  tenant,
  async strike({ ask, nano }) {
    const from = nano.output.length;
    const what = describeAnswer(await ask());
    const chars = nano.output.length - from;
    const isContained = (what === "200" || what === "503 cpu_limit") && chars < MAX_LOGGED_CHARS;
    return { isContained, what: isContained ? what : `${what}, ${chars} characters logged` };
  },
  undefended: () =>
    watchUnlimited(tenant, {
      proves: ({ answers: [first] }) =>
        first !== undefined && first.lineCount >= 1e5 ? `kept ${first.lineCount} lines` : null,
    }),
};

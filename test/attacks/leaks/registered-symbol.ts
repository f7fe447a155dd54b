import { type Attack, judgeText } from "../harness/attack.ts";
import { answersInOneContext } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const key = Symbol.for("kept");
  const before = WeakMap[key];
  WeakMap[key] = new URL(request.url).search;
  return new Response(before === undefined ? "nothing" : "found " + before);
} }`,
};

export const attack: Attack = {
  tries: "Hides what a request brought under a registered symbol of a built-in, where no name shows it.",
  tenant,
  async strike({ ask }) {
    await ask("?secret");
    return judgeText(await ask("?after"), "nothing");
  },
  undefended: () =>
    answersInOneContext(tenant, ["?secret", "?after"], ([, after]) =>
      after?.text.includes("?secret") ? after.text : null,
    ),
};

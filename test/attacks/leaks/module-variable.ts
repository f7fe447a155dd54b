import { type Attack, judgeText } from "../harness/attack.ts";
import { answersInOneContext } from "../harness/unlimited-app.ts";

const tenant = {
  source: `let kept;
export default { fetch(request, env, ctx) {
  const before = kept;
  kept = new URL(request.url).search;
  return new Response(before === undefined ? "nothing" : "found " + before);
} }`,
};

export const attack: Attack = {
  tries: "Keeps what one request brought in a variable of its module, for the next to find.",
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

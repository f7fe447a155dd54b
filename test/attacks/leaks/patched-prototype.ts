import { type Attack, judgeText } from "../harness/attack.ts";
import { answersInOneContext } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const { kept } = Array.prototype.map;
  const { map } = Array.prototype;
  Array.prototype.map = Object.assign(function (...args) { return map.apply(this, args); }, { kept: new URL(request.url).search });
  return new Response(kept === undefined ? "nothing" : "found " + kept);
} }`,
};

export const attack: Attack = {
  tries: "Has a method of a prototype keep what passes through it in one request, and answer it in the next.",
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

import { type Attack, judgeText } from "../harness/attack.ts";
import { answersInOneContext } from "../harness/unlimited-app.ts";

const tenant = {
  source: `const board = { text: undefined };
export default { async fetch(request, env, ctx) {
  const { search } = new URL(request.url);
  if (search === "?secret") {
    setTimeout(() => { board.text = search; }, 1);
    ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 5)));
    return new Response("left");
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
  return new Response(board.text === undefined ? "nothing" : "found " + board.text);
} }`,
};

export const attack: Attack = {
  tries: "Leaves a timer behind that writes after its response, and reads in the next request what it wrote.",
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

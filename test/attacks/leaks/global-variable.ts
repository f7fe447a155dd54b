import { type Attack, judgeText } from "../harness/attack.ts";
import { answersInOneContext } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request) {
  const before = globalThis.kept;
  globalThis.kept = new URL(request.url).search;
  return new Response(before === undefined ? "nothing" : "found " + before);
} }`,
};

export const attack: Attack = {
  tries: "Leaves what one request brought on the global object, for the next to find.",
  tenant,
  async strike({ ask }) {
    await ask("?secret");
    return judgeText(await ask("?after"), "nothing");
  },
  undefended: () =>
    answersInOneContext(tenant, ["?secret", "?after"], ([, after]) =>
      after?.text === "found ?secret" ? after.text : null,
    ),
};

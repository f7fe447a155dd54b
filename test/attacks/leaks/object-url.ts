import { type Attack, judgeText } from "../harness/attack.ts";
import { answersInOneContext } from "../harness/unlimited-app.ts";

const tenant = {
  source: `const guess = (id) => "blob:null/" + id;
let last;
export default { async fetch(request, env, ctx) {
  const { search } = new URL(request.url);
  const before = globalThis.lastUrl ?? last;
  if (search === "?secret") {
    last = URL.createObjectURL(new Blob(["kept ?secret"]));
    return new Response(last);
  }
  const url = before ?? search.slice(1);
  try { return new Response("found " + (await (await fetch(url)).text())); } catch { return new Response("nothing"); }
} }`,
};

export const attack: Attack = {
  tries: "Makes a URL of an object in one request, and fetches it in the next.",
  tenant,
  async strike({ ask }) {
    const { text } = await ask("?secret");
    return judgeText(await ask(`?${text}`), "nothing");
  },
  undefended: () =>
    answersInOneContext(tenant, ["?secret", "?after"], ([, after]) =>
      after?.text.includes("?secret") ? after.text : null,
    ),
};

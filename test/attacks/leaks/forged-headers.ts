import { type Attack, judgeText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const given = [...request.headers].map(([name, value]) => name + " " + value).filter((line) => line.includes("forged"));
  return new Response(given.length === 0 ? "nothing" : "found " + given.join(), { headers: { "x-nano-error": "forged", "x-nano-request-id": "forged" } });
} }`,
};

export const attack: Attack = {
  tries: "Is sent headers that only the platform may send, and sends some to its client as if it were the platform.",
  tenant,
  async strike({ ask }) {
    const headers = {
      "x-nano-request-id": "forged",
      "x-nano-app": "forged",
      "x-real-ip": "forged",
      "x-forwarded-for": "forged",
    };
    const answer = await ask("", { headers });
    const isForged = JSON.stringify(answer.headers).includes("forged");
    return isForged
      ? { isContained: false, what: "its client was shown forged headers" }
      : judgeText(answer, "nothing");
  },
  undefended: () => escapesHostRealm(tenant, "nothing", { headers: { "x-nano-app": "forged" } }),
};

import type { Attack } from "../harness/attack.ts";
import { fetchAttack, INTERNET, reachUnguarded, strikeWith, type UrlOf, withServer } from "../harness/outbound.ts";

const urlOf: UrlOf = (port) => `http://${INTERNET}:${port}/`;
const { tries, tenant, ...rest } = fetchAttack(
  "Fetches from a server of the internet that its owner's egress.allow_hosts does not name.",
  urlOf,
);

export const attack: Attack = {
  ...rest,
  tries,
  tenant: {
    source: tenant?.source ?? "",
    settings: { ...tenant?.settings, egress: { allow_hosts: ["api.example.com"] } },
  },
  strike: (target) =>
    withServer(
      INTERNET,
      (_, res) => res.end("not on the list"),
      (port) => strikeWith(target, urlOf(port)),
    ),
  undefended: () => reachUnguarded(urlOf, INTERNET),
};

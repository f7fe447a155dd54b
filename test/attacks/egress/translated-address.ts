import { addressAttack } from "../harness/outbound.ts";

export const attack = addressAttack(
  "Fetches from an IPv6 address that a gateway translates into the loopback address.",
  ["64:ff9b::7f00:1"],
  "64:ff9b::/96",
);

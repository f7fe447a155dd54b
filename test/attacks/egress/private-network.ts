import { addressAttack } from "../harness/outbound.ts";

export const attack = addressAttack(
  "Fetches from neighbours of this machine in its private network.",
  ["10.0.0.1", "10.255.255.254"],
  "10.0.0.0/8",
);

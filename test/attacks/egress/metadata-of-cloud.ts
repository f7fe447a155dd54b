import { addressAttack } from "../harness/outbound.ts";

export const attack = addressAttack(
  "Fetches the credentials of the machine from the metadata service of its cloud.",
  ["169.254.169.254"],
  "169.254.0.0/16",
);

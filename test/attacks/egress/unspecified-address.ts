import { fetchAttack } from "../harness/outbound.ts";

export const attack = fetchAttack(
  "Fetches from the unspecified address, which the kernel takes for this machine.",
  (port) => `http://0.0.0.0:${port}/`,
);

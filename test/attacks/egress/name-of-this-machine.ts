import { fetchAttack } from "../harness/outbound.ts";

export const attack = fetchAttack(
  "Fetches by the name that resolves to this machine.",
  (port) => `http://localhost:${port}/`,
);

import { fetchAttack } from "../harness/outbound.ts";

export const attack = fetchAttack(
  "Writes the loopback address as one integer.",
  (port) => `http://2130706433:${port}/`,
);

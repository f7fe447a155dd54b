import { fetchAttack } from "../harness/outbound.ts";

export const attack = fetchAttack(
  "Writes the loopback address in octal, and short.",
  (port) => `http://0177.1:${port}/`,
);

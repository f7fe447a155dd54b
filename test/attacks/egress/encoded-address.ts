import { fetchAttack } from "../harness/outbound.ts";

export const attack = fetchAttack(
  "Writes the loopback address in percent encoding and in full-width digits.",
  (port) => `http://%31%32%37.\uff10.0.1:${port}/`,
);

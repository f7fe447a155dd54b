import { fetchAttack } from "../harness/outbound.ts";

export const attack = fetchAttack(
  "Fetches from the loopback address, where services of this machine listen.",
  (port) => `http://127.0.0.1:${port}/`,
);

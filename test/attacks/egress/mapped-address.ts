import { fetchAttack } from "../harness/outbound.ts";

export const attack = fetchAttack(
  "Writes the loopback address as an IPv6 address that carries it.",
  (port) => `http://[::ffff:127.0.0.1]:${port}/`,
);

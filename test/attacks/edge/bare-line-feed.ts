import { smuggling } from "../harness/edge-attacks.ts";

export const attack = smuggling(
  "Ends its headers by line feeds alone.",
  "GET / HTTP/1.1\nHost: HOST\n\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n",
);

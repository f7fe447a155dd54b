import { smuggling } from "../harness/edge-attacks.ts";

export const attack = smuggling(
  "Writes a length with a sign.",
  "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: +0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n",
);

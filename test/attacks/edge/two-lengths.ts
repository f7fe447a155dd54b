import { smuggling } from "../harness/edge-attacks.ts";

export const attack = smuggling(
  "Says two lengths of its body.",
  "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 50\r\nContent-Length: 0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n",
);

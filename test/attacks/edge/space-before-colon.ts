import { smuggling } from "../harness/edge-attacks.ts";

export const attack = smuggling(
  "Puts a space between the name of a header and its colon.",
  "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 46\r\nContent-Length : 0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n",
);

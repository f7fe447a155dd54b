import { smuggling } from "../harness/edge-attacks.ts";

export const attack = smuggling(
  "Says both how long its body is and that it comes in chunks.",
  "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n",
);

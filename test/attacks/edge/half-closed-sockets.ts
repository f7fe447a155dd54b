import { abandoned } from "../harness/held-connections.ts";

export const attack = abandoned(
  "Ends its half of connections before, within and after a request, and never the other.",
  [
    "",
    "GET / HT",
    "GET / HTTP/1.1\r\nHost: HOST\r\n",
    "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 100\r\n\r\nhalf",
    "POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
    "GET / HTTP/1.1\r\nHost: HOST\r\n\r\n",
  ],
  { isHalfClosed: true },
);

/** What `hello-handler.js` answers, by `node:http` alone. Takes its port as an argument. */
import { createServer } from "node:http";

const BODY = "Hello from the bench\n";

createServer((_req, res) => {
  res.writeHead(200, { "content-type": "text/plain", "content-length": BODY.length });
  res.end(BODY);
}).listen(Number(process.argv[2]), "127.0.0.1");

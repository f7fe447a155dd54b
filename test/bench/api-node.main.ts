/** The handler of `bench api` on Node's own globals, behind `node:http`. Takes its port as an argument. */
import { createServer } from "node:http";

const { default: handler } = (await import(new URL("api-handler.js", import.meta.url).href)) as {
  default: { fetch(request: Request): Promise<Response> };
};

createServer(async (req, res) => {
  try {
    const response = await handler.fetch(new Request(`http://${req.headers.host}${req.url}`));
    res.end(await response.text());
  } catch (error) {
    res.statusCode = 500;
    res.end(String(error));
  }
}).listen(Number(process.argv[2]), "127.0.0.1");

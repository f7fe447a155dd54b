/** Served by NANO and by workerd as it is. What a connection does is in its path. */
/** About 5 ms: no clock goes on while an app runs. */
const BURN_TURNS = 5_000_000;

function burn() {
  let x = 1;
  for (let i = BURN_TURNS; i > 0; i--) x = (Math.imul(x, 31) + i) | 0;
  return x;
}

export default {
  fetch(request) {
    if (request.headers.get("upgrade") !== "websocket") return new Response("Upgrade to a WebSocket\n");
    const { pathname } = new URL(request.url);
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.binaryType = "arraybuffer";
    server.addEventListener("message", ({ data }) => {
      if (pathname === "/burn") burn();
      server.send(data);
      if (pathname === "/leave") server.close(1000, "left");
    });
    server.addEventListener("close", () => server.close());
    if (pathname === "/greet") server.send("Hello from the sliver");
    return new Response(null, { status: 101, webSocket: client });
  },
};

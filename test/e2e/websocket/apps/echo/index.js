/** Sends back what it gets. The first sub-protocol that is offered is chosen; `/refuse` and requests that are no upgrade get plain answers. */
export default {
  fetch(request) {
    const url = new URL(request.url);
    if (request.headers.get("upgrade") !== "websocket") {
      return new Response("an upgrade is wanted\n", { status: 426, headers: { upgrade: "websocket" } });
    }
    if (url.pathname === "/refuse") return new Response("who are you?\n", { status: 401 });
    const [client, server] = new WebSocketPair();
    server.accept();
    server.addEventListener("message", (event) => server.send(event.data));
    const headers = new Headers({ "x-app": "echo" });
    const protocol = request.headers.get("sec-websocket-protocol")?.split(",", 1)[0].trim();
    if (protocol) headers.set("sec-websocket-protocol", protocol);
    return new Response(null, { status: 101, webSocket: client, headers });
  },
};

/** Greets whoever connects, and sends back what it is sent. */
interface Env {
  readonly GREETING: string;
}

export default {
  fetch(request, env) {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("Connect by WebSocket\n", { status: 426, headers: { upgrade: "websocket" } });
    }
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    server.send(env.GREETING);
    server.addEventListener("message", ({ data }) => server.send(data));
    return new Response(null, { status: 101, webSocket: client });
  },
} satisfies ExportedHandler<Env>;

/** The app that conformance is shown with: it sends back what it gets. */
export const ECHO = `export default { fetch(request) {
  if (request.headers.get("upgrade") !== "websocket") return new Response("an echo for WebSockets", { status: 426 });
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  server.binaryType = "arraybuffer";
  server.addEventListener("message", ({ data }) => server.send(data));
  return new Response(null, { status: 101, webSocket: client });
} }`;

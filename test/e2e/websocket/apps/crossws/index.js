// biome-ignore-all lint/suspicious/noConsole: an app's log is what tells of its end
/** crossws by its adapter for Workers, with no Durable Object. */
import crossws from "crossws/adapters/cloudflare";

const websocket = crossws({
  hooks: {
    upgrade(request) {
      if (new URL(request.url).pathname === "/refuse") return new Response("no\n", { status: 403 });
      return { headers: { "x-crossws": "yes" } };
    },
    open(peer) {
      peer.send("welcome");
    },
    message(peer, message) {
      if (typeof message.rawData !== "string") peer.send(message.uint8Array().toReversed());
      else if (message.text() === "json") peer.send({ id: typeof peer.id });
      else peer.send(`echo: ${message.text()}`);
    },
    close(_peer, details) {
      console.log(`closed ${details.code} ${details.reason}`);
    },
  },
});

export default {
  fetch(request, env, ctx) {
    if (request.headers.get("upgrade") === "websocket") return websocket.handleUpgrade(request, env, ctx);
    return new Response("plain\n");
  },
};

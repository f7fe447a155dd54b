// biome-ignore-all lint/suspicious/noConsole: an app's log is what tells of its end
/** Hono's own helper for Workers: echoes in capitals, says hello on the first message, and tells of the close in its log. */
import { Hono } from "hono";
import { upgradeWebSocket } from "hono/cloudflare-workers";

const app = new Hono();

app.get("/", (c) => c.text("plain"));

app.get(
  "/ws/:room",
  upgradeWebSocket((c) => {
    const room = c.req.param("room");
    let count = 0;
    return {
      onMessage(event, ws) {
        count++;
        if (event.data === "bye") ws.close(4001, "bye");
        else ws.send(`${room} ${count}: ${event.data.toUpperCase()}`);
      },
      onClose(event, ws) {
        console.log(`closed ${event.code} in state ${ws.readyState}`);
      },
    };
  }),
);

// What is behind the helper where the request is no upgrade.
app.get("/ws/:room", (c) => c.text("an upgrade is wanted", 426));

export default app;

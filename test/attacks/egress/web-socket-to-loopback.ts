import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { type Attack, judgeText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const sourceOf = (port: string): string => `export default { async fetch(request) {
  const socket = new WebSocket("ws://127.0.0.1:" + ${port} + "/");
  const outcome = await new Promise((resolve) => {
    socket.addEventListener("open", () => resolve("escaped: connected"));
    socket.addEventListener("error", () => resolve("refused"));
    socket.addEventListener("close", () => resolve("refused"));
  });
  return new Response(outcome);
} }`;

export const attack: Attack = {
  tries: "Opens a WebSocket to the loopback address.",
  tenant: {
    source: sourceOf(`new URL(request.url).searchParams.get("port")`),
    settings: { limits: { cpu_time_ms: 200 } },
  },
  strike: async ({ ask, nano }) => judgeText(await ask(`?port=${nano.port}`), "refused"),
  async undefended() {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const seen = await escapesHostRealm({ source: sourceOf(String(port)) }, "refused", { WebSocket });
    for (const client of server.clients) client.terminate();
    server.close();
    return seen;
  },
};

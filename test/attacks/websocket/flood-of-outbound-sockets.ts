import { type Attack, joined, judgeText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";
import { INTERNET } from "../harness/outbound.ts";
import { withWebSockets } from "../harness/websocket-attacks.ts";

const COUNT = 200;
const BOUND_COUNT = 50;

const sourceOf = (port: string): string => `export default { async fetch(request) {
  const open = () => new Promise((resolve) => {
    try {
      const socket = new WebSocket("ws://${INTERNET}:" + ${port} + "/");
      socket.addEventListener("open", () => resolve(1));
      socket.addEventListener("error", () => resolve(0));
      socket.addEventListener("close", () => resolve(0));
    } catch {
      resolve(0);
    }
  });
  const outcomes = await Promise.all(Array.from({ length: ${COUNT} }, open));
  const opened = outcomes.reduce((sum, each) => sum + each, 0);
  return new Response(opened > 0 && opened <= ${BOUND_COUNT} ? "bounded" : "opened " + opened);
} }`;

/** Plays a server on the internet. */
async function withPeer<T>(use: (port: number) => Promise<T>): Promise<T> {
  return withWebSockets({ host: INTERNET }, (_, port) => use(port));
}

export const attack: Attack = {
  tries: "Opens two hundred WebSockets to another server at once.",
  tenant: {
    source: sourceOf(`new URL(request.url).searchParams.get("port")`),
    settings: { limits: { cpu_time_ms: 1000, timeout_secs: 10 } },
  },
  strike: joined(({ ask }) => withPeer(async (port) => judgeText(await ask(`?port=${port}`), "bounded"))),
  undefended: () => withPeer((port) => escapesHostRealm({ source: sourceOf(String(port)) }, "bounded", { WebSocket })),
};

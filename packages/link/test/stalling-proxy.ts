/** Stands between two ends and can stop passing bytes without closing anything: what a partition looks like from both sides. */
import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface StallingProxy {
  readonly address: string;
  stall(): void;
}

export async function startStallingProxy(target: string): Promise<StallingProxy> {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(target);
    sockets.push(near, far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("error", () => undefined);
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return {
    address: `127.0.0.1:${port}`,
    stall() {
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
  };
}

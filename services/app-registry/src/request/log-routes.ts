/** The output of apps, as it is written. */
import { logLineSchema } from "@nano/protocol/registry-api";
import type { LogFollower } from "../control/log-follower.ts";
import type { LogFollowers } from "../control/log-followers.ts";
import type { ApiRouter } from "./api-router.ts";
import { STREAM_HEARTBEAT_MS } from "./build-stream.ts";
import { operation } from "./operation.ts";

const OK = 200;
const HEARTBEAT = Buffer.from("\n");

export interface LogRoutesOptions {
  readonly followers: LogFollowers;
}

export function serveLogRoutes(router: ApiRouter, { followers }: LogRoutesOptions): void {
  router.serve(
    operation("/v1/apps/{app}/logs", {
      method: "get",
      access: "look-app",
      summary: "Lines of the app's output as it writes them, from now on; what the reader is too slow for is counted",
      answers: { 200: { lines: logLineSchema } },
    }),
    ({ c, params: { app } }) => {
      const follower = followers.open(app);
      c.req.raw.signal.addEventListener("abort", () => follower.close(), { once: true });
      return c.body(createLogStream(follower), OK, { "content-type": "application/x-ndjson" });
    },
  );
}

/** Lines are pulled as the client reads. */
export function createLogStream(follower: LogFollower): ReadableStream<Uint8Array> {
  let heartbeat: NodeJS.Timeout | undefined;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        // The answer's head leaves with it: whoever reads knows that the follow has begun.
        controller.enqueue(HEARTBEAT);
        heartbeat = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(HEARTBEAT);
        }, STREAM_HEARTBEAT_MS);
      },
      async pull(controller) {
        const bytes = await follower.read();
        if (bytes !== null) return controller.enqueue(bytes);
        clearInterval(heartbeat);
        controller.close();
      },
      cancel() {
        clearInterval(heartbeat);
        follower.close();
      },
    },
    { highWaterMark: 1 },
  );
}

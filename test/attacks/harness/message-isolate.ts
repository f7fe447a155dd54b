/** Upgrades a connection of a live isolate, as a worker does, and gives it a message. */
import type { AppIsolate } from "@nano/isolate/app-isolate";
import type { RunSink } from "@nano/isolate/isolate";
import type { RequestId } from "@nano/protocol/brands";
import { encodeHeaderBlock } from "@nano/protocol/messages";
import type { IsolateAnswer } from "../../support/ask-isolate.ts";

/** Resolves when its listener has returned, with what it sent. Once for each isolate. */
export function messageIsolate(isolate: AppIsolate, url: string, message: string): Promise<IsolateAnswer> {
  return new Promise((resolve) => {
    let failed: string | null = null;
    const sent: string[] = [];
    const upgraded = Promise.withResolvers<void>();
    const finish = (): void => resolve({ status: 101, text: sent.join(), failed });
    const sink: RunSink = {
      socket: {
        upgrade: () => upgraded.resolve(),
        sendMessage: (data) => {
          sent.push(typeof data === "string" ? data : `${data.byteLength} bytes`);
          return 0;
        },
        bufferedBytes: 0,
        closeSocket: finish,
      },
      respond: finish,
      writeResponse: () => true,
      endResponse: () => undefined,
      failResponse: (error) => {
        failed = error.reason;
      },
      wantBody: () => undefined,
      cancelBody: () => undefined,
      settle: finish,
    };
    const run = isolate.start(
      {
        requestId: "r1" as RequestId,
        linkId: 1,
        streamId: 1,
        method: "GET",
        url,
        headers: encodeHeaderBlock(["host", new URL(url).host, "upgrade", "websocket"]),
        body: undefined,
      },
      sink,
    );
    void upgraded.promise.then(() => {
      isolate.deliverMessage(run, message);
      finish();
    });
  });
}

/** Asks a live isolate as a worker does, and answers with the whole of what it answered. */
import type { AppIsolate } from "@nano/isolate/app-isolate";
import type { RunSink } from "@nano/isolate/isolate";
import type { RequestId } from "@nano/protocol/brands";
import { encodeHeaderBlock } from "@nano/protocol/messages";

export interface IsolateAnswer {
  /** 0: nothing was answered. */
  readonly status: number;
  readonly text: string;
  /** The reason of the failure, where there was one. */
  readonly failed: string | null;
}

/** Resolves when the request is over, `waitUntil` included. @param streamId another for each request of the isolate */
export function askIsolate(isolate: AppIsolate, url: string, streamId = 1): Promise<IsolateAnswer> {
  return new Promise((resolve) => {
    let status = 0;
    let failed: string | null = null;
    const chunks: Buffer[] = [];
    const take = (bytes: string | ArrayBuffer): void => {
      chunks.push(typeof bytes === "string" ? Buffer.from(bytes) : Buffer.from(bytes));
    };
    const sink: RunSink = {
      respond: (head, body) => {
        status = head.status;
        if (body !== true && body !== null) take(body);
      },
      writeResponse: (chunk) => {
        take(chunk);
        return true;
      },
      endResponse: () => undefined,
      failResponse: (error) => {
        failed = error.reason;
      },
      wantBody: () => undefined,
      cancelBody: () => undefined,
      settle: () => resolve({ status, text: Buffer.concat(chunks).toString(), failed }),
    };
    isolate.start(
      {
        requestId: `r${streamId}` as RequestId,
        linkId: 1,
        streamId,
        method: "GET",
        url,
        headers: encodeHeaderBlock(["host", new URL(url).host, "accept", "*/*"]),
        body: undefined,
      },
      sink,
    );
  });
}

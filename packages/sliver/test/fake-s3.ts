/** A server that answers requests of S3 as a test says: well, badly, slowly or not at all. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface FakeS3 {
  readonly endpoint: string;
  /** Heads of the requests that came whole. */
  readonly requests: { readonly method: string; readonly path: string; readonly headers: IncomingMessage["headers"] }[];
}

export type AnswerS3 = (response: ServerResponse, request: IncomingMessage) => void;

/** `answer` is called when a request has come whole. */
export async function openFakeS3(answer: AnswerS3): Promise<FakeS3> {
  const requests: FakeS3["requests"] = [];
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    requests.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers });
    answer(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** What S3 says when it refuses. */
export function refuseS3(response: ServerResponse, status: number, code: string, more = ""): void {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>No.</Message>${more}</Error>`,
  );
}

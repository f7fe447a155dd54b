/** Restores an app as a worker would and gives it one request. Runs in a build child of its own. */
import { AppIsolate } from "@nano/isolate/app-isolate";
import { compileWasm } from "@nano/isolate/compile-wasm";
import { ownBuffer } from "@nano/isolate/host-ops";
import type { GuestHost, GuestRequest, IsolateSource, OutboundFetch, RunSink } from "@nano/isolate/isolate";
import { measureStart, type StartCost } from "@nano/isolate/measure-start";
import { SnapshotBlob } from "@nano/isolate/snapshot-blob";
import type { RequestId } from "@nano/protocol/brands";
import { toWireError } from "@nano/protocol/errors";
import { encodeHeaderBlock } from "@nano/protocol/messages";
import { type ChildJob, type ChildReport, MAX_REPORTED_CHARS, splitParts } from "./child-messages.ts";

/** An app that waits longer for something (a timer, what it fetched) has shown that it starts. */
const ANSWER_WAIT_MS = 1_000;

const PROBE_REQUEST: GuestRequest = {
  requestId: "probe" as RequestId,
  linkId: 0,
  streamId: 1,
  method: "GET",
  url: "http://probe.invalid/",
  headers: encodeHeaderBlock(["host", "probe.invalid", "accept", "*/*"]),
  body: undefined,
};

/**
 * What the app answers is its own affair: a handler that throws, runs into a limit or ends this process has been restored,
 * and a worker contains it. A probe fails where the restore does not come about.
 *
 * @param onRestored called with what starting costs, before the app's handler is entered
 */
export async function runProbe(
  job: Extract<ChildJob, { type: "probe" }>,
  body: Buffer,
  onRestored: (cost: StartCost) => void,
): Promise<ChildReport> {
  const { app, isolation, limits, envJson } = job;
  try {
    const source = sourceOf(job, body);
    // Held until the end: a blob is gone with the last isolate that used it.
    if (source.rung !== "source") source.blob.acquire();
    const options = { app, source, isolation, limits, envJson, initEnvJson: envJson, host: PROBE_HOST };
    onRestored(measureStart(options));
    const isolate = AppIsolate.restore(options);
    const answer = await answerOf(isolate);
    isolate.dispose();
    return { type: "probed", answer };
  } catch (thrown) {
    return { type: "unprobed", cause: toWireError(thrown).message.slice(0, MAX_REPORTED_CHARS) };
  }
}

function sourceOf(
  { rung, attachSecret, partBytes }: Extract<ChildJob, { type: "probe" }>,
  body: Buffer,
): IsolateSource {
  const [snapshot, script, bytecode, ...modules] = splitParts(body, partBytes);
  const wasm = compileWasm(modules);
  const text = String(script ?? "");
  if (rung === "source") return { rung, script: text, wasm };
  const blob = new SnapshotBlob(ownBuffer(snapshot ?? Buffer.alloc(0)));
  if (rung === "heap") return { rung, blob, attachSecret, wasm };
  return { rung, blob, attachSecret, script: text, bytecode: ownBuffer(bytecode ?? Buffer.alloc(0)), wasm };
}

/** The status, or the code of what came instead. */
function answerOf(isolate: AppIsolate): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve("none yet"), ANSWER_WAIT_MS);
    const settle = (answer: string): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    const sink: RunSink = {
      respond: (head) => settle(String(head.status)),
      writeResponse: () => false,
      endResponse: () => undefined,
      failResponse: (error) => settle(error.code),
      wantBody: () => undefined,
      cancelBody: () => undefined,
      settle: () => settle("nothing"),
    };
    isolate.start(PROBE_REQUEST, sink);
  });
}

const CLOSED_FETCH: OutboundFetch = {
  writeBody: () => false,
  endBody: () => undefined,
  pull: () => undefined,
  cancel: () => undefined,
};

const PROBE_HOST: GuestHost = {
  beginEntry: () => undefined,
  endEntry: () => undefined,
  log: () => undefined,
  openFetch: (_head, listener) => {
    // Later: an isolate is never entered from within an entry.
    setImmediate(() => listener.onError("Fetch is refused: a build has no network"));
    return CLOSED_FETCH;
  },
};

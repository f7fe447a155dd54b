/**
 * A thread of connections: one after another, each with an isolate of its own. It opens slivers by itself, writes its own record of the flight
 * recorder, and reaches the world through its worker alone.
 */
import { queryObjects } from "node:v8";
import { workerData } from "node:worker_threads";
import { CpuWatch } from "@nano/isolate/cpu-watch";
import { engineFingerprint } from "@nano/isolate/engine";
import type { GuestHost, GuestRequest } from "@nano/isolate/isolate";
import { warmEngine } from "@nano/isolate/warm-engine";
import { toWireError } from "@nano/protocol/errors";
import { FlightRecorder } from "../flight-recorder.ts";
import { ownTaskId } from "../own-task-id.ts";
import { IsolateOpener } from "../request/isolate-opener.ts";
import { SliverSources } from "../request/sliver-sources.ts";
import { PortFetches } from "./port-fetches.ts";
import { PortOutput } from "./port-output.ts";
import { PortSink } from "./port-sink.ts";
import { messageCost } from "./socket-inbox.ts";
import { IsolateSession } from "./socket-session.ts";
import type { ThreadBegin, ThreadInput, ThreadStart } from "./thread-messages.ts";
import { giveUpThreads, type StartedThread } from "./thread-starter.ts";

giveUpThreads();
const {
  port,
  data: { thread, recorderFd, cpuShared },
} = workerData as StartedThread<ThreadStart>;

const output = new PortOutput(port);
const fetches = new PortFetches(output);
const recorder = new FlightRecorder(recorderFd, { thread, taskId: ownTaskId() });
const sources = new SliverSources(engineFingerprint());
const cpuWatch = cpuShared === undefined ? null : CpuWatch.open(cpuShared, thread);
let running: { readonly session: IsolateSession; readonly sink: PortSink } | null = null;

/**
 * A heap that goes while its garbage is being marked is collected once more, and then isolated-vm, which left the thread before, is told of its
 * garbage: an assertion of it ends the whole process. To look for objects of a class collects everything, marks that are under way included.
 */
class Nothing {}
process.once("exit", () => {
  cpuWatch?.close();
  queryObjects(Nothing, { format: "count" });
});

port.on("message", (input: ThreadInput) => {
  receive(input);
  output.flush();
});
warmEngine();
output.push({ type: "ready" });
output.flush();

function receive(input: ThreadInput): void {
  switch (input.type) {
    case "begin":
      begin(input);
      return;
    case "message": {
      const bytes = messageCost(input.data);
      running?.session.deliver(input.data);
      output.push({ type: "taken", bytes });
      return;
    }
    case "closed":
      running?.session.close(input.code, input.reason, input.isClean);
      return;
    case "pull":
      running?.session.pull();
      return;
    case "abort":
      running?.session.abort(input.reason);
      return;
    case "sent":
      running?.sink.sent(input.receivedBytes, input.waitingBytes);
      return;
    case "end":
      process.exit();
      return;
    default:
      fetches.receive(input);
  }
}

function begin(given: ThreadBegin): void {
  const { assignment, sliverPath, isSourceOnly, secrets, socketLimits, hasAssets, request, waitedMs } = given;
  const { app, versionId } = assignment;
  const host: GuestHost = {
    beginEntry: (_, entered, limitMs) => recorder.begin(app, entered, limitMs, versionId),
    endEntry: () => recorder.end(),
    log: (line) => output.push({ type: "log", line: { ...line, versionId } }),
    cpuWatch,
    openFetch: (head, listener) => fetches.open(head, listener),
    ...(hasAssets ? { openAsset: (head, listener) => fetches.openAsset(head, listener) } : {}),
  };
  try {
    const source = sources.open(sliverPath, { isSourceOnly, onFall: (fall) => output.push({ type: "fell", fall }) });
    const counters = { countLimit: (reason: string) => output.countLimit(reason) };
    const opener = new IsolateOpener({ assignment, recorder, counters, host, source, isolation: "request" });
    opener.useSecrets(secrets);
    const isolate = opener.open();
    output.push({ type: "restored" });
    const session = new IsolateSession(isolate, () => {
      running = null;
      output.push({ type: "settled" });
    });
    const sink = new PortSink(output, socketLimits, () => session.dispose());
    running = { session, sink };
    startOrFail(session, sink, { ...request, arrivedMs: performance.now() - waitedMs });
  } catch (thrown) {
    output.push({ type: "failed", error: toWireError(thrown), isHeadSent: false });
    output.push({ type: "settled" });
  }
}

function startOrFail(session: IsolateSession, sink: PortSink, request: GuestRequest): void {
  try {
    session.start(request, sink);
  } catch (thrown) {
    // The context could not be had: the sink has heard nothing.
    sink.failResponse(toWireError(thrown), false);
    session.dispose();
  }
}

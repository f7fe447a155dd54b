/** One request inside an isolate: what it used, what it holds, how far its response is. */
import type { WireError } from "@nano/protocol/errors";
import type { BodyPipe } from "./body-pipe.ts";
import type { GuestContext } from "./guest-context.ts";
import type { GuestRequest, RunSink } from "./isolate.ts";

export class GuestRun {
  readonly id: number;
  readonly request: GuestRequest;
  readonly sink: RunSink;
  readonly context: GuestContext;
  /** CPU of its finished entries. */
  cpuUsedMs = 0;
  /** Whether an entry took longer than its CPU: the thread was off its core. */
  hasWaitedForCpu = false;
  /** Of bodies that its code read or wrote: see touched-bytes.ts. */
  touchedBytes = 0;
  /** Of its response's body: see touched-bytes.ts. */
  untakenBytes = 0;
  /** It used more than the soft share of its CPU limit, which was said. */
  isOverSoftCpu = false;
  subrequestCount = 0;
  /** Of these, those that are under way. */
  openSubrequestCount = 0;
  /** Bodies that its fetches sent and received: see subrequest-meter.ts. */
  sentBytes = 0;
  receivedBytes = 0;
  isHeadSent = false;
  /** Its response is complete or has failed: nothing more goes to the sink but `settle`. */
  isAnswered = false;
  isSettled = false;
  /** The guest is about to be told that its answer has failed. */
  isStopping = false;
  /** Its first entry is over. */
  isUnderway = false;
  /** It is a connection: each entry has a CPU budget of its own, and it has no wall limit. */
  isUpgraded = false;
  /** Its answer was refused, and its author told why. */
  isRefused = false;
  /** The guest has closed its connection: it sends nothing more. */
  isSocketClosing = false;
  /** The guest was told that its connection is over. */
  isSocketClosed = false;
  /** Takes its request's body on, without the guest. */
  bodyPipe: BodyPipe | null = null;
  /** Brings the body of its response, where the host passes that on. */
  responsePipe: BodyPipe | null = null;
  /** Fires at the wall limit, later at the end of `waitUntil`. */
  deadline: NodeJS.Timeout | null = null;

  constructor(id: number, request: GuestRequest, sink: RunSink, context: GuestContext) {
    this.id = id;
    this.request = request;
    this.sink = sink;
    this.context = context;
  }

  /** Whether the host is still sending its response, without the guest. */
  get isPassing(): boolean {
    return this.responsePipe !== null && !this.responsePipe.isOver;
  }

  /** Ends the response by an error, unless it has ended. */
  fail(error: WireError): void {
    if (this.isAnswered) return;
    this.isAnswered = true;
    this.responsePipe?.cancel();
    this.sink.failResponse(error, this.isHeadSent);
  }

  /** Adds what an entry used. */
  charge(elapsedMs: number, cpuMs: number): void {
    this.cpuUsedMs += cpuMs;
    if (cpuMs < elapsedMs) this.hasWaitedForCpu = true;
  }

  /** Before an entry: each of a connection's is charged by itself. */
  renewCpu(): void {
    if (!this.isUpgraded) return;
    this.cpuUsedMs = 0;
    this.touchedBytes = 0;
    this.hasWaitedForCpu = false;
  }

  clearDeadline(): void {
    if (this.deadline === null) return;
    clearTimeout(this.deadline);
    this.deadline = null;
  }
}

/** The events of a build as lines, until its outcome. */
import { type BuildOutcome, type BuildQueue, isOutcome } from "@nano/control-store/build-queue";
import type { VersionId } from "@nano/protocol/brands";
import type { BuildEvent } from "@nano/protocol/records";

/** How often a stream with nothing to say sends an empty line. */
export const STREAM_HEARTBEAT_MS = 5000;

export interface BuildStreamOptions {
  readonly queue: BuildQueue;
  readonly version: VersionId;
  readonly signal: AbortSignal;
  /** Resolves when the outcome is what the API answers, too: whoever reads it may ask for the version at once. */
  readonly untilSettled: (outcome: BuildOutcome) => Promise<unknown>;
  /** Why a build failed that the queue does not remember any more; null where it did not fail. */
  readonly storedFailure: () => BuildEvent | null;
}

async function* tellBuild(options: BuildStreamOptions): AsyncGenerator<BuildEvent> {
  let hasEnded = false;
  for await (const event of options.queue.followBuild(options.version, options.signal)) {
    hasEnded = isOutcome(event);
    if (isOutcome(event)) await options.untilSettled(event);
    yield event;
  }
  const failure = hasEnded || options.signal.aborted ? null : options.storedFailure();
  if (failure !== null) yield failure;
}

/** Events are pulled as the client reads: a slow one holds none in memory. */
export function createBuildStream(options: BuildStreamOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const events = tellBuild(options);
  let heartbeat: NodeJS.Timeout | undefined;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        heartbeat = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode("\n"));
        }, STREAM_HEARTBEAT_MS);
      },
      async pull(controller) {
        const next = await events.next();
        if (!next.done) return controller.enqueue(encoder.encode(`${JSON.stringify(next.value)}\n`));
        clearInterval(heartbeat);
        controller.close();
      },
      async cancel() {
        clearInterval(heartbeat);
        await events.return(undefined);
      },
    },
    { highWaterMark: 1 },
  );
}

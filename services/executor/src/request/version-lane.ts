/** Serves the script of one version in a worker: its requests, or its WebSocket connections. */
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { WireError } from "@nano/protocol/errors";
import type { RequestHead } from "@nano/protocol/messages";
import type { SecretValues } from "@nano/protocol/secrets";
import type { SliverSource } from "./sliver-sources.ts";
import type { VersionTally } from "./version-tally.ts";

export interface VersionLane {
  readonly isIdle: boolean;
  /** Admitted and not begun, and begun and not over. */
  readonly waitingCount: number;
  readonly runningCount: number;
  /** Whether what comes next finds an isolate. */
  readonly isWarm: boolean;
  /** The sliver that its isolates start from. */
  readonly sliverPath: string | null;
  /** Null: nobody asks how this version fares. */
  readonly tally: VersionTally | null;
  /** Takes a request in, or answers why not. */
  admit(stream: LinkStream, head: RequestHead, options: { linkId: number; isEnd: boolean }): StreamListener;
  /** Counts from nothing for another rollout; one that is over is counted on, which nobody asks about. */
  countSince(since: string | undefined): void;
  /** Restores an isolate before anyone asks. A failure is the first one's who does. */
  prepareStandby(): void;
  /** Workers died while they restored the sliver: later isolates start from source. */
  fall(): void;
  /** Starts from another sliver of the version from now on. @throws why it cannot be restored */
  adopt(source: SliverSource): void;
  /** Isolates from now on see these secrets. */
  useSecrets(secrets: SecretValues): void;
  /** Another process serves the version: refuses what waits, and lets its isolates go once nothing runs. @default connections have other workers anyway */
  expel?(error: WireError): void;
  /** Calls back once nothing waits or runs, then the lane is gone. */
  retire(onIdle: () => void): void;
  /** Calls `retire` off. */
  keep(): void;
}

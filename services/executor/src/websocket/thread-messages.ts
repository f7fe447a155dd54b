/** What a worker and the thread of a connection say to each other: two discriminated unions. */
import type { AssetHead, GuestRequest } from "@nano/isolate/isolate";
import type { WireError } from "@nano/protocol/errors";
import type { WebSocketLimits } from "@nano/protocol/manifest";
import type { EgressHead, EgressResponseHead, ResponseHead } from "@nano/protocol/messages";
import type { SecretValues } from "@nano/protocol/secrets";
import type { SourceFall } from "../request/sliver-sources.ts";
import type { AppLogLine, Assignment } from "../worker-messages.ts";

/** What a thread is started with. */
export interface ThreadStart {
  /** Its record in the flight recorder. */
  readonly thread: number;
  readonly recorderFd: number;
  /** Of its process's `CpuWatcher`. @default none: entries are ended by wall time */
  readonly cpuShared?: SharedArrayBuffer | undefined;
}

/** A connection that it is given: one after another, each with an isolate of its own. */
export interface ThreadBegin {
  readonly type: "begin";
  readonly assignment: Pick<Assignment, "app" | "versionId" | "manifest">;
  readonly sliverPath: string;
  /** The worker serves this sliver from its script already. */
  readonly isSourceOnly: boolean;
  readonly secrets: SecretValues;
  readonly socketLimits: WebSocketLimits;
  /** The worker answers `env.ASSETS`. */
  readonly hasAssets: boolean;
  /** Without when it came: the clocks of threads begin with them. */
  readonly request: Omit<GuestRequest, "arrivedMs">;
  /** Since it came. */
  readonly waitedMs: number;
}

export type ThreadInput =
  | ThreadBegin
  | { readonly type: "message"; readonly data: string | ArrayBuffer }
  | { readonly type: "closed"; readonly code: number; readonly reason: string; readonly isClean: boolean }
  | { readonly type: "pull" }
  | { readonly type: "abort"; readonly reason: string }
  /** Of what the guest sent, so much has come here, and so much of that waits; null: the connection takes nothing more. */
  | { readonly type: "sent"; readonly receivedBytes: number; readonly waitingBytes: number | null }
  | { readonly type: "fetch_head"; readonly id: number; readonly head: EgressResponseHead }
  | { readonly type: "fetch_chunk"; readonly id: number; readonly chunk: ArrayBuffer }
  | { readonly type: "fetch_end"; readonly id: number }
  | { readonly type: "fetch_error"; readonly id: number; readonly message: string }
  | { readonly type: "fetch_drain"; readonly id: number }
  /** Leave. */
  | { readonly type: "end" };

/** Posted as lists: what one entry of the guest said. */
export type ThreadOutput =
  /** Loaded: connections may come. */
  | { readonly type: "ready" }
  | { readonly type: "respond"; readonly head: ResponseHead; readonly body: string | ArrayBuffer | null | true }
  /** `pull` follows. */
  | { readonly type: "chunk"; readonly chunk: string | ArrayBuffer }
  | { readonly type: "response_end" }
  | { readonly type: "failed"; readonly error: WireError; readonly isHeadSent: boolean }
  | { readonly type: "upgraded"; readonly head: ResponseHead }
  | { readonly type: "message"; readonly data: string | ArrayBuffer }
  /** The guest sent more than may wait. */
  | { readonly type: "overflow" }
  | { readonly type: "close"; readonly code: number; readonly reason: string }
  /** The guest took a message that costs so much while it waits. */
  | { readonly type: "taken"; readonly bytes: number }
  /** The connection's isolate is gone, the thread is free. Last. */
  | { readonly type: "settled" }
  | { readonly type: "restored" }
  /** Limits that the app met, by reason. The first of a list: nothing of the connection is heard after its end. */
  | { readonly type: "limits"; readonly counts: Readonly<Record<string, number>> }
  | { readonly type: "fell"; readonly fall: SourceFall }
  | { readonly type: "log"; readonly line: AppLogLine }
  | { readonly type: "fetch"; readonly id: number; readonly head: EgressHead }
  /** Answered as a fetch is. */
  | { readonly type: "fetch_asset"; readonly id: number; readonly head: AssetHead }
  /** `fetch_drain` follows when there is room. */
  | { readonly type: "fetch_body"; readonly id: number; readonly chunk: ArrayBuffer }
  | { readonly type: "fetch_body_end"; readonly id: number }
  | { readonly type: "fetch_pull"; readonly id: number }
  | { readonly type: "fetch_cancel"; readonly id: number };

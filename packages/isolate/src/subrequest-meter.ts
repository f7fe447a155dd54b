/**
 * What fetches and outbound WebSockets of an isolate may do: how many, how many at once, and how many bytes their bodies have.
 *
 * I1 What `open` counted is given back once, however the call ends.
 * I2 After a call went over a limit nothing of it is heard but one `onError` that names the limit.
 */
import type { SubrequestLimits } from "@nano/protocol/app-limits";
import type { GuestContext, Holding } from "./guest-context.ts";
import type { GuestRun } from "./guest-run.ts";
import type { OutboundFetch, OutboundFetchListener } from "./isolate.ts";
import type { Refuse } from "./limit-names.ts";

interface Metered {
  readonly holding: Holding;
  readonly isSocket: boolean;
  readonly listener: OutboundFetchListener;
}

export class SubrequestMeter {
  readonly #limits: SubrequestLimits;
  readonly #maxSocketCount: number;
  readonly #refuse: Refuse;
  #socketCount = 0;

  constructor(limits: SubrequestLimits, maxSocketCount: number, refuse: Refuse) {
    this.#limits = limits;
    this.#maxSocketCount = maxSocketCount;
    this.#refuse = refuse;
  }

  /** Why a run may begin no further one; undefined: it may. A connection lives for long: it has so many at once, and not in all. */
  refuse(context: GuestContext, owner: GuestRun | null, isSocket: boolean): string | undefined {
    const { subrequestCount, subrequestsAtOnceCount } = this.#limits;
    if (owner?.isUpgraded && context.fetches.size >= subrequestCount) {
      return this.#tooMany("subrequests", `one connection may make ${subrequestCount} at once`);
    }
    if (owner !== null && !owner.isUpgraded && owner.subrequestCount >= subrequestCount) {
      return this.#tooMany("subrequests", `one request may make ${subrequestCount}`);
    }
    const atOnceCount = owner === null ? context.fetches.size : owner.openSubrequestCount;
    if (atOnceCount >= subrequestsAtOnceCount) {
      return this.#tooMany("subrequests_at_once", `one request may have ${subrequestsAtOnceCount} at once`);
    }
    if (isSocket && this.#socketCount >= this.#maxSocketCount) {
      const most = `the app may have ${this.#maxSocketCount} open in one isolate`;
      return this.#refuse("ws_max_outbound", `Too many WebSockets: ${most} (websocket.ws_max_outbound)`);
    }
    return undefined;
  }

  #tooMany(limit: "subrequests" | "subrequests_at_once", why: string): string {
    return this.#refuse(limit, `Too many subrequests: ${why} (limits.${limit})`);
  }

  /** Begins one and counts it until its end. @param begin opens it, for that listener */
  open(metered: Metered, begin: (listener: OutboundFetchListener) => OutboundFetch): OutboundFetch {
    const { holding, isSocket, listener } = metered;
    const { owner } = holding;
    if (owner !== null) {
      owner.subrequestCount += 1;
      owner.openSubrequestCount += 1;
    }
    if (isSocket) this.#socketCount += 1;
    const sent = this.#count(metered, "sentBytes");
    const received = this.#count(metered, "receivedBytes");
    let isOver = false;
    const end = (): boolean => {
      if (isOver) return false;
      isOver = true;
      if (isSocket) this.#socketCount -= 1;
      if (owner !== null) owner.openSubrequestCount -= 1;
      sent.giveBack();
      received.giveBack();
      return true;
    };
    const call = this.#begin(end, begin, {
      onHead: (head) => {
        if (!isOver) listener.onHead(head);
      },
      onChunk: (chunk) => {
        if (isOver) return;
        const refusal = received.add(chunk.byteLength);
        if (refusal === undefined) listener.onChunk(chunk);
        else if (end()) {
          call.cancel();
          listener.onError(refusal);
        }
      },
      onEnd: () => {
        if (end()) listener.onEnd();
      },
      onError: (message) => {
        if (end()) listener.onError(message);
      },
      onBodyDrain: () => {
        if (!isOver) listener.onBodyDrain();
      },
    });
    return {
      writeBody: (chunk) => {
        if (isOver) return false;
        const refusal = sent.add(chunk.byteLength);
        if (refusal === undefined) return call.writeBody(chunk);
        end();
        call.cancel();
        // Not at once: the guest that sends is still running.
        setImmediate(() => listener.onError(refusal));
        return false;
      },
      endBody: () => {
        if (!isOver) call.endBody();
      },
      pull: () => {
        if (!isOver) call.pull();
      },
      cancel: () => {
        if (end()) call.cancel();
      },
    };
  }

  /** What does not begin is not counted. */
  #begin(
    end: () => boolean,
    begin: (listener: OutboundFetchListener) => OutboundFetch,
    listener: OutboundFetchListener,
  ): OutboundFetch {
    try {
      return begin(listener);
    } catch (thrown) {
      end();
      throw thrown;
    }
  }

  /** One direction of one call, within what all of its run have. WebSockets of a connection live as long as that: their bytes are not counted. */
  #count({ holding, isSocket }: Metered, direction: "sentBytes" | "receivedBytes") {
    const isSent = direction === "sentBytes";
    const limitBytes = isSent ? this.#limits.subrequestSentBytes : this.#limits.subrequestReceivedBytes;
    const name = isSent ? "subrequest_sent_mb" : "subrequest_received_mb";
    const what = isSent ? "send" : "receive";
    let bytes = 0;
    return {
      /** Answers why that is too much. */
      add: (addedBytes: number): string | undefined => {
        const { owner } = holding;
        if (owner === null || (isSocket && owner.isUpgraded)) return undefined;
        bytes += addedBytes;
        owner[direction] += addedBytes;
        if (owner[direction] <= limitBytes) return undefined;
        const most = `the fetches of one request may ${what} ${limitBytes}`;
        return this.#refuse(name, `Too many bytes: ${most} (limits.${name})`);
      },
      /** A connection counts those that are under way. */
      giveBack: (): void => {
        const { owner } = holding;
        if (owner?.isUpgraded) owner[direction] = Math.max(0, owner[direction] - bytes);
      },
    };
  }
}

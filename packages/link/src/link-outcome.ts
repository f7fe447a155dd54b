/** How a link ended. Always a value; `error` is also the cause that its streams were reset with. */
import type { WireError } from "@nano/protocol/errors";

export type LinkOutcome = {
  readonly type: /** This side closed it, or it drained. */
    | "closed"
    /** The peer closed it or its process died. */
    | "peer-closed"
    /** The socket failed, or was never connected. */
    | "failed"
    /** Credential or version did not fit, on either side. */
    | "refused"
    /** No HELLO in time, or silence. */
    | "timed-out"
    /** The peer does not read. */
    | "stalled"
    /** The peer broke the protocol or its flow control. */
    | "violated";
  readonly error: WireError;
};

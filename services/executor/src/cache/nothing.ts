import type { EgressResponseHead } from "@nano/protocol/messages";

/** The answer of the cache where there is nothing, or nothing was done. */
export const NOTHING: EgressResponseHead = { status: 0, statusText: "", headers: "", url: "-", redirected: false };

/** What bounds a link. */

/** Send credit of a new stream in each direction; part of wire version 1, so not configurable. */
export const INITIAL_WINDOW_BYTES = 256 * 1024;

export interface LinkLimits {
  /** Streams open at once; the acceptor resets further ones, the initiator does not open them. */
  readonly maxStreamCount: number;
  /** Bytes of control frames waiting for a peer that does not read, and of one stream's writer that ignores `false`. */
  readonly maxQueuedBytes: number;
  /** Above this many queued bytes of one stream, `write` answers false. */
  readonly streamBufferBytes: number;
  readonly handshakeTimeoutMs: number;
  /** How often silence is noticed and answered by a PING. */
  readonly pingIntervalMs: number;
  /**
   * So many intervals without a byte end the link to a peer that promised to answer at once (`Hello.isPrompt`); those for which it said
   * that it would be silent come on top. Counted in ticks, so that a blocked event loop does not accuse its peer.
   */
  readonly silentIntervalCount: number;
  /** The same for a peer that promised nothing. */
  readonly patientIntervalCount: number;
  /** How long a closing link may still send what it has queued. */
  readonly closeGraceMs: number;
}

/** What a peer can make another wait for, at most, by saying that it will be silent. */
export const MAX_ANNOUNCED_SILENCE_MS = 120_000;

/**
 * A peer whose host or network is gone is noticed within seconds. A worker inside an entry reads nothing for as long as the largest
 * `cpu_time_ms` (60 s): it says so first. One that cannot say it, of an earlier build, is waited for longer than that.
 */
export const DEFAULT_LINK_LIMITS: LinkLimits = {
  maxStreamCount: 4096,
  maxQueuedBytes: 16 * 1024 * 1024,
  streamBufferBytes: 128 * 1024,
  handshakeTimeoutMs: 5_000,
  pingIntervalMs: 1_000,
  silentIntervalCount: 6,
  patientIntervalCount: 80,
  closeGraceMs: 1_000,
};

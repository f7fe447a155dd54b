/** One question to a node's supervisor, over a link of its own: one answer within `timeoutMs`. */
import { type DialResult, type DialTls, dialLink } from "@nano/link/dial-link";
import type { StreamListener } from "@nano/link/link-stream";

export interface Supervisor {
  readonly address: string;
  readonly credential: string;
}

export interface QuestionOptions {
  readonly supervisor: Supervisor;
  readonly timeoutMs: number;
  /** How this router calls itself to the supervisor. */
  readonly peer: string;
  /** @default none */
  readonly tls?: (() => DialTls) | undefined;
}

/**
 * Never rejects.
 * @param parse null, or a throw: the answer makes no sense
 * @returns null: no answer in time, or none that makes sense
 */
export async function askSupervisor<T>(
  question: Buffer,
  parse: (answer: Buffer) => T | null,
  options: QuestionOptions,
): Promise<T | null> {
  const deadline = Promise.withResolvers<null>();
  const timer = setTimeout(() => deadline.resolve(null), options.timeoutMs);
  const { address, credential } = options.supervisor;
  const limits = { handshakeTimeoutMs: options.timeoutMs };
  const dialled = dialLink({ address, credential, peer: options.peer, limits, tls: options.tls });
  const answered = dialled.then((result) => askOver(result, question));
  const payload = await Promise.race([deadline.promise, answered]);
  clearTimeout(timer);
  void dialled.then((result) => {
    if (result.type === "open") result.link.close();
  });
  if (payload === null) return null;
  try {
    return parse(payload);
  } catch {
    // What does not decode says nothing.
    return null;
  }
}

function askOver(result: DialResult, question: Buffer): Promise<Buffer | null> {
  if (result.type === "ended") return Promise.resolve(null);
  return new Promise((resolve) => {
    const listener: StreamListener = {
      onHead: resolve,
      onData: () => resolve(null),
      onEnd: () => resolve(null),
      onReset: () => resolve(null),
      onDrain: () => {},
    };
    if (result.link.openStream(question, listener, { isEnd: true }) === null) resolve(null);
  });
}

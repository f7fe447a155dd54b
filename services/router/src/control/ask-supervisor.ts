/** One question to a node's supervisor, over a link of its own: one answer within `timeoutMs`. */
import { type DialResult, type DialTls, dialLink } from "@nano/link/dial-link";
import type { StreamListener } from "@nano/link/link-stream";
import type { WireError } from "@nano/protocol/errors";

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

export type SupervisorAnswer<T> =
  | { readonly type: "answered"; readonly answer: T }
  /** It says why it has none. */
  | { readonly type: "refused"; readonly error: WireError }
  /** Nothing in time, or nothing that makes sense. */
  | { readonly type: "unanswered" };

const UNANSWERED = { type: "unanswered" } as const;

/** Never rejects. @param parse null, or a throw: the answer makes no sense */
export async function askSupervisor<T>(
  question: Buffer,
  parse: (answer: Buffer) => T | null,
  options: QuestionOptions,
): Promise<SupervisorAnswer<T>> {
  const deadline = Promise.withResolvers<typeof UNANSWERED>();
  const timer = setTimeout(() => deadline.resolve(UNANSWERED), options.timeoutMs);
  const { address, credential } = options.supervisor;
  const limits = { handshakeTimeoutMs: options.timeoutMs };
  const dialled = dialLink({ address, credential, peer: options.peer, limits, tls: options.tls });
  const answered = dialled.then((result) => askOver(result, question));
  const received = await Promise.race([deadline.promise, answered]);
  clearTimeout(timer);
  void dialled.then((result) => {
    if (result.type === "open") result.link.close();
  });
  if (received.type !== "answered") return received;
  try {
    const answer = parse(received.answer);
    return answer === null ? UNANSWERED : { type: "answered", answer };
  } catch {
    // What does not decode says nothing.
    return UNANSWERED;
  }
}

function askOver(result: DialResult, question: Buffer): Promise<SupervisorAnswer<Buffer>> {
  if (result.type === "ended") return Promise.resolve(UNANSWERED);
  return new Promise((resolve) => {
    const giveUp = (): void => resolve(UNANSWERED);
    const { link } = result;
    const listener: StreamListener = {
      onHead: (answer) => resolve({ type: "answered", answer }),
      onData: giveUp,
      onEnd: giveUp,
      onReset: (error) => resolve(link.isClosed ? UNANSWERED : { type: "refused", error }),
      onDrain: () => {},
    };
    if (link.openStream(question, listener, { isEnd: true }) === null) giveUp();
  });
}

/**
 * Asks a supervisor what became of the streams of a lost link: one question for all of them, one answer within `timeoutMs`.
 */
import type { DialResult } from "@nano/link/dial-link";
import { type DialTls, dialLink } from "@nano/link/dial-link";
import type { StreamListener } from "@nano/link/link-stream";
import {
  decodePostmortemAnswer,
  encodePostmortemQuestion,
  type PostmortemAnswer,
  type PostmortemQuestion,
} from "@nano/protocol/messages";

export interface Supervisor {
  readonly address: string;
  readonly credential: string;
}

export interface PostmortemOptions {
  readonly supervisor: Supervisor;
  readonly timeoutMs: number;
  /** How this router calls itself to the supervisor. */
  readonly peer: string;
  /** @default none */
  readonly tls?: (() => DialTls) | undefined;
}

/** Null: no answer in time, or none that makes sense. Never rejects. */
export async function askSupervisor(
  question: PostmortemQuestion,
  options: PostmortemOptions,
): Promise<PostmortemAnswer | null> {
  const deadline = Promise.withResolvers<null>();
  const timer = setTimeout(() => deadline.resolve(null), options.timeoutMs);
  const { address, credential } = options.supervisor;
  const limits = { handshakeTimeoutMs: options.timeoutMs };
  const dialled = dialLink({ address, credential, peer: options.peer, limits, tls: options.tls });
  const answer = await Promise.race([deadline.promise, dialled.then((result) => askOver(result, question))]);
  clearTimeout(timer);
  void dialled.then((result) => {
    if (result.type === "open") result.link.close();
  });
  return answer;
}

function askOver(result: DialResult, question: PostmortemQuestion): Promise<PostmortemAnswer | null> {
  if (result.type === "ended") return Promise.resolve(null);
  return new Promise((resolve) => {
    const listener: StreamListener = {
      onHead: (payload) => resolve(parseAnswer(payload)),
      onData: () => resolve(null),
      onEnd: () => resolve(null),
      onReset: () => resolve(null),
      onDrain: () => {},
    };
    if (result.link.openStream(encodePostmortemQuestion(question), listener, { isEnd: true }) === null) resolve(null);
  });
}

function parseAnswer(payload: Buffer): PostmortemAnswer | null {
  try {
    const answer = decodePostmortemAnswer(payload);
    const isAnswer = Number.isInteger(answer.suspect) && Array.isArray(answer.entered);
    return isAnswer ? answer : null;
  } catch {
    // What does not decode says nothing.
    return null;
  }
}

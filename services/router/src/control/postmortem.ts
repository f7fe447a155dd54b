/**
 * Asks a supervisor what became of the streams of a worker's lost link: one question for all of them.
 *
 * I1 Streams that ask in the same turn share a question: a lost link resets them together.
 */
import type { Link } from "@nano/link/link";
import type { WorkerId } from "@nano/protocol/brands";
import { decodePostmortemAnswer, encodePostmortemQuestion, type PostmortemAnswer } from "@nano/protocol/messages";
import { askSupervisor, type QuestionOptions } from "./ask-supervisor.ts";

export interface PostmortemOptions extends Omit<QuestionOptions, "peer"> {
  readonly workerId: WorkerId;
  /** How this router calls itself to the supervisor, a name for each question. */
  nextPeerName(): string;
  onPostmortem(verdict: "answered" | "unanswered"): void;
}

export class Postmortems {
  readonly #options: PostmortemOptions;
  readonly #peerNames = new WeakMap<Link, string>();
  readonly #questions = new WeakMap<Link, OpenQuestion>();

  constructor(options: PostmortemOptions) {
    this.#options = options;
  }

  /** @param peer as what this router dialled the link: streams are told apart by it */
  addLink(link: Link, peer: string): void {
    this.#peerNames.set(link, peer);
  }

  /** Null: nobody could say in time. Never rejects. */
  ask(link: Link, streamId: number): Promise<PostmortemAnswer | null> {
    let question = this.#questions.get(link);
    if (question === undefined || question.isAsked) {
      question = new OpenQuestion();
      this.#questions.set(link, question);
      const opened = question;
      setImmediate(() => void this.#send(link, opened));
    }
    question.streamIds.push(streamId);
    return question.answer.promise;
  }

  async #send(link: Link, question: OpenQuestion): Promise<void> {
    question.isAsked = true;
    const { workerId, nextPeerName, onPostmortem } = this.#options;
    const peer = this.#peerNames.get(link) ?? "";
    const encoded = encodePostmortemQuestion({ workerId, peer, streamIds: question.streamIds });
    const result = await askSupervisor(encoded, parseAnswer, { ...this.#options, peer: nextPeerName() });
    const isAnswered = result.type === "answered";
    onPostmortem(isAnswered ? "answered" : "unanswered");
    question.answer.resolve(isAnswered ? result.answer : null);
  }
}

function parseAnswer(payload: Buffer): PostmortemAnswer | null {
  const answer = decodePostmortemAnswer(payload);
  return Number.isInteger(answer.suspect) && Array.isArray(answer.entered) ? answer : null;
}

class OpenQuestion {
  readonly streamIds: number[] = [];
  readonly answer = Promise.withResolvers<PostmortemAnswer | null>();
  isAsked = false;
}

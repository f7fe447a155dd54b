/** Reads answers of HTTP/1.1 that tell their length, one after the other, with as little work as can be: a client library would take more CPU than servers. */
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const HEAD_END = "\r\n\r\n";

export interface WholeAnswer {
  /** Its status is 200. */
  readonly isOk: boolean;
  readonly body: string;
}

export class AnswerReader {
  #received = "";

  /** Of an answer that is not whole. */
  get begun(): string {
    return this.#received;
  }

  /** @param text as latin1. @returns the answer that it ends; null: more is to come. @throws where it tells no length */
  push(text: string): WholeAnswer | null {
    this.#received += text;
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return null;
    const length = Number(CONTENT_LENGTH.exec(this.#received)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) throw new Error(`Answer has no content-length: ${this.#received.slice(0, 300)}`);
    if (this.#received.length < headEnd + HEAD_END.length + length) return null;
    const isOk = this.#received.startsWith("HTTP/1.1 200");
    const body = this.#received.slice(headEnd + HEAD_END.length);
    this.#received = "";
    return { isOk, body };
  }
}

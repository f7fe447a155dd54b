/** A request whose version is not here yet: keeps what arrives, within the link's window, and hands it on. */
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { WireError } from "@nano/protocol/errors";
import type { RequestHead } from "@nano/protocol/messages";
import type { VersionServer } from "./version-server.ts";

export class HeldStream implements StreamListener {
  readonly #stream: LinkStream;
  readonly #head: RequestHead;
  readonly #options: { linkId: number; isEnd: boolean };
  /** At most the stream's window: no credit is given back while it is held. */
  #chunks: Buffer[] = [];
  #isEnded = false;
  #isGone = false;
  /** Called where the client leaves while it is held. */
  onGone: () => void = () => undefined;
  #next: StreamListener | null = null;

  constructor(stream: LinkStream, head: RequestHead, options: { linkId: number; isEnd: boolean }) {
    this.#stream = stream;
    this.#head = head;
    this.#options = options;
  }

  /** Whether nothing was done for it that another worker could not do again. */
  get mayRunElsewhere(): boolean {
    const next = this.#next;
    return next === null || ("mayRunElsewhere" in next && next.mayRunElsewhere === true);
  }

  release(server: VersionServer): void {
    if (this.#isGone) return;
    const next = server.serve(this.#stream, this.#head, this.#options);
    this.#next = next;
    const chunks = this.#chunks;
    this.#chunks = [];
    for (const chunk of chunks) next.onData(chunk, false);
    if (this.#isEnded && !this.#options.isEnd) next.onEnd();
  }

  refuse(error: WireError): void {
    this.#isGone = true;
    this.#stream.reset(error);
  }

  onHead(): void {
    // Only initiators hear heads.
  }

  onData(chunk: Buffer, isEnd: boolean): void {
    if (this.#next !== null) this.#next.onData(chunk, isEnd);
    else this.#chunks.push(chunk);
  }

  onEnd(): void {
    this.#isEnded = true;
    this.#next?.onEnd();
  }

  onReset(error: WireError): void {
    this.#isGone = true;
    this.#chunks = [];
    if (this.#next === null) this.onGone();
    else this.#next.onReset(error);
  }

  onDrain(): void {
    this.#next?.onDrain();
  }
}

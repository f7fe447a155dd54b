/**
 * A body that the host has and that goes on to somebody else of the host's: what the guest named instead of reading it.
 *
 * I1 One chunk at a time: the next is asked for once the one before was taken, so the links' windows bound what is under way.
 * I2 It ends once, by the first of `end`, `fail` and `cancel`; what comes after that is dropped.
 * I3 Neither side is told of an end that it brought about itself.
 */

/** Where the body is. */
export interface PipeSource {
  /** Asks for one `push`, `end` or `fail`, which comes later and not from within the call. */
  pull(): void;
  /** Nobody wants the rest. */
  cancel(): void;
}

/** Where it goes. */
export interface PipeTarget {
  /** False: wait until `resume`. */
  write(chunk: ArrayBuffer): boolean;
  end(): void;
  /** The body broke off. */
  fail(message: string): void;
}

export class BodyPipe {
  readonly #source: PipeSource;
  readonly #target: PipeTarget;
  #isPaused = false;
  #isOver = false;

  constructor(source: PipeSource, target: PipeTarget) {
    this.#source = source;
    this.#target = target;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  start(): void {
    this.#source.pull();
  }

  push(chunk: ArrayBuffer): void {
    if (this.#isOver) return;
    this.#isPaused = !this.#target.write(chunk);
    // The target may have found in it why it takes nothing more.
    if (!this.#isPaused && !this.#isOver) this.#source.pull();
  }

  /** The target has room again. */
  resume(): void {
    if (!this.#isPaused || this.#isOver) return;
    this.#isPaused = false;
    this.#source.pull();
  }

  /** The source is complete. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#target.end();
  }

  /** The source broke off. */
  fail(message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#target.fail(message);
  }

  /** The target takes nothing more. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#source.cancel();
  }
}

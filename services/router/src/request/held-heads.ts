/** Response heads that wait until the read that brought them is worked off: their bodies may be in it. */

export interface HeldHead {
  sendHeldHead(): void;
}

export class HeldHeads {
  #held: HeldHead[] = [];

  add(head: HeldHead): void {
    // One tick for all heads of a read: it runs when the socket's data event is over.
    if (this.#held.length === 0) process.nextTick(() => this.#send());
    this.#held.push(head);
  }

  #send(): void {
    const held = this.#held;
    this.#held = [];
    for (const head of held) head.sendHeldHead();
  }
}

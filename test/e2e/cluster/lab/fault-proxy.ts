/** A TCP proxy in place of a wire: it can be cut, so that nothing passes and nobody is told, and be slow. */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { WireFault } from "./lab.ts";

export class FaultProxy {
  readonly #server: Server;
  readonly #pipes = new Set<Pipe>();
  #isCut = false;
  #delayMs = 0;

  /** Listens at once, and passes what comes on to `target`. */
  constructor(listen: { host: string; port: number }, target: { host: string; port: number }) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      // The kernel has taken the connection: all that can be kept from a client here is an answer.
      const far = connect({ ...target, allowHalfOpen: true, noDelay: true });
      const pipes = [new Pipe(client, far), new Pipe(far, client)];
      for (const pipe of pipes) {
        pipe.setFault(this.#isCut, this.#delayMs);
        this.#pipes.add(pipe);
      }
      const end = (): void => {
        if (this.#isCut) return;
        client.destroy();
        far.destroy();
        for (const pipe of pipes) this.#pipes.delete(pipe);
      };
      for (const socket of [client, far]) socket.on("error", end).on("close", end);
    }).listen(listen.port, listen.host);
  }

  setCut(isCut: boolean): void {
    this.#isCut = isCut;
    this.#apply();
  }

  setFault(fault: WireFault | null): void {
    if (fault?.lossRatio !== undefined) throw new Error("A proxy loses no packets: TCP would not");
    this.#delayMs = fault?.delayMs ?? 0;
    this.#apply();
  }

  close(): void {
    this.#server.close();
    for (const pipe of this.#pipes) pipe.destroy();
  }

  #apply(): void {
    for (const pipe of this.#pipes) pipe.setFault(this.#isCut, this.#delayMs);
  }
}

/** One direction of one connection. */
class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #held: (() => void)[] = [];
  #isCut = false;
  #delayMs = 0;

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
    from.on("data", (chunk: Buffer) => this.#pass(() => void this.#write(chunk)));
    from.on("end", () => this.#pass(() => to.end()));
  }

  setFault(isCut: boolean, delayMs: number): void {
    this.#isCut = isCut;
    this.#delayMs = delayMs;
    if (isCut) {
      this.#from.pause();
      return;
    }
    for (const deliver of this.#held.splice(0)) deliver();
    this.#from.resume();
    if (this.#from.destroyed || this.#to.destroyed) this.destroy();
  }

  destroy(): void {
    this.#from.destroy();
    this.#to.destroy();
  }

  #pass(deliver: () => void): void {
    const arrive = (): void => {
      if (this.#isCut) this.#held.push(deliver);
      else deliver();
    };
    if (this.#delayMs > 0) setTimeout(arrive, this.#delayMs);
    else arrive();
  }

  #write(chunk: Buffer): void {
    if (this.#to.destroyed || this.#to.write(chunk)) return;
    this.#from.pause();
    this.#to.once("drain", () => {
      if (!this.#isCut) this.#from.resume();
    });
  }
}

/** A worker of a simulated executor: answers over real links, after a while, and says whether it has had the version before. */
import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:net";
import { acceptLink } from "@nano/link/accept-link";
import { isSameCredential } from "@nano/link/credential";
import type { Link } from "@nano/link/link";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { VersionId, WorkerId } from "@nano/protocol/brands";
import { decodeRequestHead, encodeHeaderBlock, encodeResponseHead, preparedVersion } from "@nano/protocol/messages";
import { listenOn } from "@nano/service-kit/listen";
import { formatAnswer } from "./cluster-executors.ts";

const HOST = /^https?:\/\/([^/:]+)/;
const NO_CONTENT = encodeResponseHead({ status: 204, statusText: "", headers: encodeHeaderBlock([]) });
const SILENT: StreamListener = { onHead() {}, onData() {}, onEnd() {}, onReset() {}, onDrain() {} };

export interface SimulatedWorkerOptions {
  readonly id: WorkerId;
  /** How long a request takes. */
  serviceMs(): number;
}

export class SimulatedWorker {
  readonly id: WorkerId;
  readonly credential = randomBytes(32).toString("hex");
  readonly #options: SimulatedWorkerOptions;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #served = new Set<VersionId>();
  #address = "";
  #inFlightCount = 0;

  constructor(options: SimulatedWorkerOptions) {
    this.#options = options;
    this.id = options.id;
    this.#server = createServer((socket) => {
      const link = acceptLink(socket, {
        peer: this.id,
        verifyHello: (hello) => isSameCredential(this.credential, hello.credential),
        onStream: (stream, payload) => this.#answer(stream, payload),
        onClose: () => this.#links.delete(link),
      });
      this.#links.add(link);
    });
  }

  get address(): string {
    return this.#address;
  }

  get inFlightCount(): number {
    return this.#inFlightCount;
  }

  async listen(): Promise<void> {
    this.#address = await listenOn(this.#server, "127.0.0.1:0");
  }

  /** Takes no further requests; what it has it finishes. */
  drain(): void {
    this.#server.close();
    for (const link of this.#links) link.goaway();
  }

  #answer(stream: LinkStream, payload: Buffer): StreamListener {
    const head = decodeRequestHead(payload);
    const prepared = preparedVersion(head);
    if (prepared !== null) {
      this.#served.add(prepared);
      stream.sendHead(NO_CONTENT, true);
      return SILENT;
    }
    const { versionId, url } = head;
    const isWarm = this.#served.has(versionId);
    this.#served.add(versionId);
    this.#inFlightCount += 1;
    const timer = setTimeout(() => {
      this.#inFlightCount -= 1;
      const body = Buffer.from(formatAnswer({ worker: this.id, isWarm, host: HOST.exec(url)?.[1] ?? "" }));
      const headers = encodeHeaderBlock(["content-type", "text/plain", "content-length", String(body.length)]);
      stream.sendHead(encodeResponseHead({ status: 200, statusText: "", headers }));
      stream.end(body);
    }, this.#options.serviceMs());
    return {
      ...SILENT,
      onReset: () => {
        clearTimeout(timer);
        this.#inFlightCount -= 1;
      },
    };
  }
}

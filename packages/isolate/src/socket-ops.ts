/**
 * What a guest asks of the connection that its request was upgraded to, checked and handed to the run's `SocketSink`.
 *
 * I1 A run is upgraded once, and only where its sink has a socket and it is unanswered.
 * I2 Nothing goes to the sink after the guest closed the connection, the connection failed, or it was told that it is over.
 */
import type { AppName } from "@nano/protocol/brands";
import { MAX_CLOSE_REASON_BYTES, SocketCloseCode } from "@nano/protocol/socket-messages";
import { HostOp } from "@nano/web-api/boundary";
import { errors } from "./errors.ts";
import type { GuestRun } from "./guest-run.ts";
import { isHeaderBlock } from "./header-block.ts";
import type { SocketSink } from "./isolate.ts";
import { boundedText, type ResponseOps } from "./response-ops.ts";
import type { RunLimits } from "./run-limits.ts";

const UPGRADE_STATUS = 101;
const MIN_APP_CODE = 3000;
const MAX_APP_CODE = 4999;
/** Of RFC 6455, 7.4.1, and the registry that it began: those that an endpoint may send, but `NO_STATUS`. */
const MAX_REGISTERED_CODE = 1014;
const RESERVED_CODES = new Set<number>([1004, SocketCloseCode.NO_STATUS, SocketCloseCode.ABNORMAL]);

const HANDLED = new Set<unknown>([
  HostOp.UPGRADE,
  HostOp.SOCKET_SEND,
  HostOp.SOCKET_CLOSE,
  HostOp.SOCKET_BUFFERED,
  HostOp.SOCKET_THREW,
]);

export class SocketOps {
  readonly #app: AppName;
  readonly #responses: ResponseOps;
  readonly #limits: RunLimits;

  constructor(app: AppName, responses: ResponseOps, limits: RunLimits) {
    this.#app = app;
    this.#responses = responses;
    this.#limits = limits;
  }

  handles(code: unknown): boolean {
    return HANDLED.has(code);
  }

  /** Arguments are hostile (boundary I4). */
  run(run: GuestRun | undefined, code: unknown, a: unknown, b: unknown, c: unknown): unknown {
    if (run === undefined) return undefined;
    if (code === HostOp.UPGRADE) return this.#upgrade(run, a);
    const socket = openSocket(run);
    switch (code) {
      case HostOp.SOCKET_SEND: {
        if (socket === null || !(typeof a === "string" || a instanceof ArrayBuffer)) return undefined;
        return socket.sendMessage(a) ?? undefined;
      }
      case HostOp.SOCKET_BUFFERED:
        return run.isUpgraded && run.sink.socket ? run.sink.socket.bufferedBytes : 0;
      case HostOp.SOCKET_CLOSE:
        if (socket !== null) this.#close(run, socket, a, b);
        return undefined;
      case HostOp.SOCKET_THREW:
        if (!run.isUpgraded || run.isSocketClosed) return undefined;
        this.#responses.logThrown(run, boundedText(a), b, c);
        run.fail(errors.HANDLER_THREW({ app: this.#app }).wire);
        return undefined;
      default:
        return undefined;
    }
  }

  #upgrade(run: GuestRun, headers: unknown): true | string {
    const socket = run.sink.socket ?? null;
    if (run.isAnswered || run.isHeadSent) return "The request was answered already";
    if (socket === null) {
      this.#responses.refuseUpgrade(run, "the request asks for no upgrade");
      return "The request asks for no upgrade";
    }
    if (this.#limits.refuseLargeHeaders(run, headers)) return "The headers of the response are too large";
    if (!isHeaderBlock(headers)) return "The headers of the response cannot be sent over HTTP";
    run.isHeadSent = true;
    run.isUpgraded = true;
    run.clearDeadline();
    socket.upgrade({ status: UPGRADE_STATUS, statusText: "Switching Protocols", headers });
    return true;
  }

  /** What the guest should have refused is closed without a status. */
  #close(run: GuestRun, socket: SocketSink, code: unknown, reason: unknown): void {
    run.isSocketClosing = true;
    const isSent = typeof code === "number" && isSendableCode(code);
    const isReason = typeof reason === "string" && reason.length <= MAX_CLOSE_REASON_BYTES;
    socket.closeSocket(isSent ? code : SocketCloseCode.NO_STATUS, isSent && isReason ? reason : "");
  }
}

/** Null: there is none, or it is being closed. */
function openSocket(run: GuestRun): SocketSink | null {
  if (!run.isUpgraded || run.isAnswered || run.isSocketClosing || run.isSocketClosed) return null;
  return run.sink.socket ?? null;
}

/** Whether a close frame of an app may hold it. */
export function isSendableCode(code: number): boolean {
  if (!Number.isInteger(code) || RESERVED_CODES.has(code)) return false;
  return (
    (code >= SocketCloseCode.NORMAL && code <= MAX_REGISTERED_CODE) || (code >= MIN_APP_CODE && code <= MAX_APP_CODE)
  );
}

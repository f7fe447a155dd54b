/** Events after the one that brings a request: what goes on with its bodies, timers and calls. One for what is over is dropped. */
import { GuestEvent } from "./boundary.ts";
import { findRun } from "./request-run.ts";

interface Modules {
  "./compression-streams.ts": typeof import("./compression-streams.ts");
  "./crypto/crypto-calls.ts": typeof import("./crypto/crypto-calls.ts");
  "./calls.ts": typeof import("./calls.ts");
  "./timers.ts": typeof import("./timers.ts");
  "./wasm-modules.ts": typeof import("./wasm-modules.ts");
}
// The build turns this into the call of the module's wrapper: an event comes for what was loaded before.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

export function deliverEvent(event: number, id: number, a: unknown, b: unknown, c: unknown, d: unknown): void {
  switch (event) {
    case GuestEvent.BODY_CHUNK:
      findRun(id)?.source?.push(a as ArrayBuffer);
      return;
    case GuestEvent.BODY_END:
      findRun(id)?.source?.end();
      return;
    case GuestEvent.BODY_ERROR:
      findRun(id)?.source?.failWithMessage(a);
      return;
    case GuestEvent.ABORT:
      findRun(id)?.abort(a);
      return;
    case GuestEvent.RESPONSE_PULL:
      findRun(id)?.resume();
      return;
    case GuestEvent.RESPONSE_PASSED:
      findRun(id)?.endPassing();
      return;
    case GuestEvent.TIMER:
      require("./timers.ts").fireTimer(id);
      return;
    case GuestEvent.SOCKET_CLOSED:
      findRun(id)?.endSocket(a as number, b as string, c as boolean);
      return;
    case GuestEvent.CRYPTO:
      require("./crypto/crypto-calls.ts").settleCrypto(id, a);
      return;
    case GuestEvent.CODEC_OUTPUT:
    case GuestEvent.CODEC_TAKEN:
    case GuestEvent.CODEC_DONE:
      require("./compression-streams.ts").deliverStep(event, id, a);
      return;
    case GuestEvent.WASM_MODULE:
      require("./wasm-modules.ts").giveWasm(id, a);
      return;
    default:
      require("./calls.ts").deliverToCall(event, id, a, b, c, d);
  }
}

/** Conversion of what `new Response` and `Response.redirect` are given. */
import { fillHeaderList } from "./headers.ts";
import { toDictionary, toDOMString, toUnsignedInteger } from "./leaf/webidl-convert.ts";
import { parseUrl } from "./parse-url.ts";
import { RangeErrorCtor, StringPrototypeCharCodeAt, TypeErrorCtor } from "./primordials.ts";
import type { ResponseSlots } from "./response.ts";

// The build turns this into the call of the module's wrapper: few responses have one.
declare const require: (path: "./websocket.ts") => typeof import("./websocket.ts");

const SWITCHING_PROTOCOLS = 101;

/** @throws TypeError, RangeError as the standard says */
export function applyResponseInit(slots: ResponseSlots, options: unknown): void {
  const init = toDictionary(options, "Response");
  // Each member is read and converted before one is looked at, in the order of names.
  const { headers } = init;
  if (headers !== undefined) fillHeaderList(slots.headers, headers);
  const givenStatus = init.status;
  const status = givenStatus === undefined ? undefined : toUnsignedInteger(givenStatus, 16);
  const givenText = init.statusText;
  const statusText = givenText === undefined ? undefined : toDOMString(givenText);
  const { webSocket } = init;
  if (webSocket !== undefined && webSocket !== null) {
    if (!require("./websocket.ts").isWebSocket(webSocket)) {
      throw new TypeErrorCtor("Response: the webSocket is no WebSocket");
    }
    if (status !== SWITCHING_PROTOCOLS) {
      throw new RangeErrorCtor("Responses with a WebSocket must have status code 101.");
    }
    slots.status = SWITCHING_PROTOCOLS;
    slots.webSocket = webSocket;
  } else if (status !== undefined) {
    if (status === SWITCHING_PROTOCOLS) throw new RangeErrorCtor("Response: status 101 needs a webSocket");
    if (status < 200 || status > 599) throw new RangeErrorCtor(`Response: status ${status} is not within 200 to 599`);
    slots.status = status;
  }
  if (statusText !== undefined) slots.statusText = reasonPhrase(statusText);
}

/** @throws TypeError, RangeError as the standard says */
export function setRedirect(slots: ResponseSlots, url: unknown, status: unknown): void {
  const location = parseUrl(`${url as string}`);
  if (location === undefined) throw new TypeErrorCtor(`Response.redirect: invalid URL: ${url as string}`);
  const code = toUnsignedInteger(status, 16);
  if (code !== 301 && code !== 302 && code !== 303 && code !== 307 && code !== 308) {
    throw new RangeErrorCtor(`Response.redirect: ${code} is not a redirect status`);
  }
  slots.status = code;
  slots.headers.append("location", location);
}

function reasonPhrase(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const unit = StringPrototypeCharCodeAt(text, i);
    if ((unit < 0x20 && unit !== 0x09) || unit === 0x7f || unit > 0xff) {
      throw new TypeErrorCtor("Response: the status text holds what HTTP cannot carry");
    }
  }
  return text;
}

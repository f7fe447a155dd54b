/**
 * The body of a Request or a Response, in the cheapest form that holds it.
 *
 * I1 Exactly one of `data`, `source` and `stream` holds the content: whole, still at the host, or as a stream that tenant code
 *    gave or asked to see. A body becomes a stream when somebody asks for one, and never goes back.
 * I2 What was consumed whole is `isUsed`; a stream knows by itself whether it was disturbed.
 */
import type { HostSource } from "./host-source.ts";
import { type ByteStream, isDisturbed, isLocked } from "./stream-state.ts";

// The build turns this into the call of the module's wrapper: a body is a string more often than not.
declare const require: (path: "./extract-body.ts") => typeof import("./extract-body.ts");

/** Content that is there whole. */
export type BodyData = string | ArrayBuffer;

export class Body {
  data: BodyData | null = null;
  source: HostSource | null = null;
  stream: ByteStream | null = null;
  isUsed = false;
  /** The media type that the content brings along, or null. */
  contentType: string | null = null;
}

export function bodyOfData(data: BodyData): Body {
  const body = new Body();
  body.data = data;
  return body;
}

export function bodyOfSource(source: HostSource): Body {
  const body = new Body();
  body.source = source;
  return body;
}

/** "Extract a body" of the Fetch standard, from a BodyInit that is not null. */
export function extractBody(init: unknown): Body {
  if (typeof init !== "string") return require("./extract-body.ts").extractBodyOfObject(init);
  const body = bodyOfData(init);
  body.contentType = "text/plain;charset=UTF-8";
  return body;
}

export function isBodyUsed(body: Body | null): boolean {
  return body !== null && (body.isUsed || (body.stream !== null && isDisturbed(body.stream)));
}

/** Whether the body cannot be read: used, or locked by a reader. */
export function isBodyUnusable(body: Body | null): boolean {
  return isBodyUsed(body) || (body !== null && body.stream !== null && isLocked(body.stream));
}

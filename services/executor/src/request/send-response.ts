/** An app's answer on its way to the router. */
import type { LinkStream } from "@nano/link/link-stream";
import {
  decodeHeaderBlock,
  encodeHeaderBlock,
  encodeResponseHead,
  type HeaderBlock,
  type ResponseHead,
} from "@nano/protocol/messages";

const CONTENT_LENGTH = "content-length";
const CONTENT_LENGTH_LINE = /content-length\n/i;

/** `body`: null none, a string or bytes whole, true follows by `writeResponseChunk`. */
export function sendResponse(stream: LinkStream, head: ResponseHead, body: string | ArrayBuffer | null | true): void {
  if (body === true) {
    stream.sendHead(encodeResponseHead(head));
    return;
  }
  if (body === null) {
    stream.sendHead(encodeResponseHead(head), true);
    return;
  }
  const bytes = typeof body === "string" ? Buffer.from(body) : Buffer.from(body);
  stream.sendHead(encodeResponseHead({ ...head, headers: withContentLength(head.headers, bytes.length) }));
  stream.end(bytes);
}

/** False: wait for the stream's `onDrain`. */
export function writeResponseChunk(stream: LinkStream, chunk: string | ArrayBuffer): boolean {
  return typeof chunk === "string" ? stream.write(Buffer.from(chunk)) : stream.writeOwned(chunk);
}

/** A body that is known whole has the length that it has, whatever the app wrote. */
function withContentLength(headers: HeaderBlock, bytes: number): HeaderBlock {
  const block = CONTENT_LENGTH_LINE.test(headers) ? withoutContentLength(headers) : headers;
  return `${block}${CONTENT_LENGTH}\n${bytes}\n`;
}

/** By names: a value may be the name of a header too. */
function withoutContentLength(headers: HeaderBlock): HeaderBlock {
  const flat = decodeHeaderBlock(headers);
  const isKept = (_: string, i: number): boolean => flat[i - (i % 2)]?.toLowerCase() !== CONTENT_LENGTH;
  return encodeHeaderBlock(flat.filter(isKept));
}

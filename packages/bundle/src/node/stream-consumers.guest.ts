/** `node:stream/consumers`: all that a stream gives, of Node or of the web. */
import { Buffer } from "./buffer.guest.ts";

type Source = AsyncIterable<unknown>;

async function bytesOf(source: Source): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(Buffer.from(chunk as string));
  return Buffer.concat(chunks);
}

export { bytesOf as buffer };

export async function arrayBuffer(source: Source): Promise<ArrayBuffer> {
  return new Uint8Array(await bytesOf(source)).buffer;
}

export async function blob(source: Source): Promise<Blob> {
  return new Blob([await arrayBuffer(source)]);
}

export async function text(source: Source): Promise<string> {
  return new TextDecoder().decode(await arrayBuffer(source));
}

export async function json(source: Source): Promise<unknown> {
  return JSON.parse(await text(source));
}

export default { arrayBuffer, blob, buffer: bytesOf, json, text };

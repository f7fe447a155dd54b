/** What the Cache API's operations do with the store: one answers one stream. */
import { type CachedResponse, MAX_CACHED_URL_CHARS } from "@nano/protocol/cache-command";
import { isNanoError } from "@nano/protocol/errors";
import type { EgressResponseHead } from "@nano/protocol/messages";
import type { CacheOutcome } from "./cache-counters.ts";
import type { CacheHead } from "./cache-head.ts";
import type { Entry } from "./cache-index.ts";
import type { CacheStore } from "./cache-store.ts";
import type { CacheAnswerSink } from "./cache-stream.ts";
import { type CachedPart, decideCachedPart } from "./cached-part.ts";
import { BLOCK_BYTES, type EntryMeta, type EntryReader } from "./entry-file.ts";
import { cacheErrors } from "./errors.ts";
import { freshnessOf } from "./freshness.ts";
import { headerOf, withHeaders } from "./header-fields.ts";
import { NOTHING } from "./nothing.ts";

const MAX_VARY_CHARS = 512;
/** Of what `keys` and `matchAll` are told at once. */
const MAX_LIST_BYTES = 1024 * 1024;
const MS_PER_SECOND = 1_000;

const DONE: EgressResponseHead = { status: 204, statusText: "", headers: "", url: "-", redirected: false };
const TOLD: EgressResponseHead = { status: 200, statusText: "", headers: "", url: "+", redirected: false };

const NO_RESPONSE: CachedResponse = {
  status: 200,
  statusText: "",
  headers: "",
  url: "",
  isRedirected: false,
  hasBody: false,
};

export class CacheOperations {
  readonly #store: CacheStore;

  constructor(store: CacheStore) {
    this.#store = store;
  }

  /** @throws what the stream is reset with */
  async run(head: CacheHead, sink: CacheAnswerSink): Promise<CacheOutcome> {
    const { app, command } = head;
    switch (command.operation) {
      case "match":
        return await this.#match(head, sink);
      case "put":
        return await this.#put(head, sink);
      case "delete": {
        const found = this.#store.find(app, command.cache, { ...command, ...head });
        for (const entry of found) this.#store.remove(entry);
        return this.#answer(sink, found.length > 0, "deleted");
      }
      case "list":
        return await this.#list(head, sink);
      case "open":
        await this.#open(head);
        return this.#answer(sink, true, "told");
      case "has":
        return this.#answer(sink, this.#hasCache(app, command.cache), "told");
      case "drop":
        return this.#answer(sink, command.cache !== null && this.#store.drop(app, command.cache), "deleted");
      case "names":
        return await this.#tell(sink, this.#store.namesOf(app));
      default:
        return command.operation satisfies never;
    }
  }

  #answer(sink: CacheAnswerSink, isDone: boolean, outcome: CacheOutcome): CacheOutcome {
    sink.end(isDone ? DONE : NOTHING);
    return isDone ? outcome : "miss";
  }

  async #tell(sink: CacheAnswerSink, value: unknown): Promise<CacheOutcome> {
    const text = Buffer.from(JSON.stringify(value));
    sink.begin(TOLD);
    for (let at = 0; at < text.length; at += BLOCK_BYTES) await sink.write(text.subarray(at, at + BLOCK_BYTES));
    sink.finish();
    return "told";
  }

  #hasCache(app: string, cache: string | null): boolean {
    return cache !== null && this.#store.namesOf(app).includes(cache);
  }

  /** That it is there is an entry as others are, and leaves as they do. */
  async #open({ app, command: { cache }, limitBytes }: CacheHead): Promise<void> {
    if (cache === null || this.#hasCache(app, cache)) return;
    const storedAtMs = this.#store.nowMs();
    const meta = { app, cache, url: "", requestHeaders: "", response: NO_RESPONSE, storedAtMs, expiresAtMs: null };
    await (await this.#store.write(meta, limitBytes)).finish();
  }

  async #list(head: CacheHead, sink: CacheAnswerSink): Promise<CacheOutcome> {
    const { app, command } = head;
    const entries = command.isAll
      ? this.#store.entriesOf(app, command.cache)
      : this.#store.find(app, command.cache, { ...command, ...head });
    const listed: unknown[] = [];
    let bytes = 0;
    for (const entry of entries) {
      const reader = await this.#store.read(entry);
      if (reader === null) continue;
      const { url, requestHeaders } = reader.meta;
      await reader.close();
      bytes += url.length + requestHeaders.length + entry.id.length;
      if (bytes > MAX_LIST_BYTES) throw cacheErrors.LIST_TOO_LONG({ limitBytes: MAX_LIST_BYTES });
      listed.push({ entry: entry.id, url, headers: requestHeaders });
    }
    return await this.#tell(sink, listed);
  }

  async #match(head: CacheHead, sink: CacheAnswerSink): Promise<CacheOutcome> {
    for (const entry of this.#candidates(head)) {
      const reader = await this.#store.read(entry);
      if (reader === null) continue;
      try {
        if (await this.#send(head, sink, { entry, reader })) return "hit";
      } finally {
        await reader.close();
      }
    }
    sink.end(NOTHING);
    return "miss";
  }

  #candidates(head: CacheHead): readonly Entry[] {
    const { app, command } = head;
    if (command.entry === null) return this.#store.find(app, command.cache, { ...command, ...head });
    const entry = this.#store.get(app, command.entry);
    return entry === undefined || entry.cache !== command.cache ? [] : [entry];
  }

  /** False: its first block is damaged, and nothing was said. */
  async #send(
    head: CacheHead,
    sink: CacheAnswerSink,
    { entry, reader }: { readonly entry: Entry; readonly reader: EntryReader },
  ): Promise<boolean> {
    const { bodyBytes, meta } = reader;
    const part = decideCachedPart(head.headers, { ...meta.response, bodyBytes });
    const { start, length } = part ?? { start: 0, length: bodyBytes };
    const answer = this.#headOf(reader, part);
    if (length === 0) {
      sink.end(answer);
      return true;
    }
    const end = start + length;
    for (let index = Math.floor(start / BLOCK_BYTES); index * BLOCK_BYTES < end; index += 1) {
      const isFirst = index === Math.floor(start / BLOCK_BYTES);
      const block = await this.#readBlock(entry, reader, index);
      if (block === null && isFirst) return false;
      if (block === null) throw cacheErrors.DAMAGED({});
      if (isFirst) sink.begin(answer);
      const at = index * BLOCK_BYTES;
      await sink.write(block.subarray(Math.max(0, start - at), Math.min(block.length, end - at)));
    }
    sink.finish();
    return true;
  }

  async #readBlock(entry: Entry, reader: EntryReader, index: number): Promise<Buffer | null> {
    try {
      return await reader.readBlock(index);
    } catch (thrown) {
      if (!isNanoError(thrown) || thrown.code !== cacheErrors.DAMAGED.code) throw thrown;
      this.#store.damaged(entry);
      return null;
    }
  }

  #headOf({ meta, bodyBytes }: EntryReader, part: CachedPart): EgressResponseHead {
    const { status, statusText, headers, url, isRedirected, hasBody } = meta.response;
    const sinceSeconds = Math.max(0, Math.floor((this.#store.nowMs() - meta.storedAtMs) / MS_PER_SECOND));
    const age = String(sinceSeconds + (Number(headerOf(headers, "age")) || 0));
    const isBodySent = hasBody && (part === null || part.length > 0);
    const head = { url: `${isBodySent ? "+" : "-"}${url}`, redirected: isRedirected };
    // What it says of its length is the app's, and may be of another form of it.
    const knownLength = headerOf(headers, "content-length") === null ? {} : { "content-length": String(bodyBytes) };
    if (part === null) return { ...head, status, statusText, headers: withHeaders(headers, { age, ...knownLength }) };
    const { start, length } = part;
    const fields: Record<string, string | null> = { age, "content-length": null };
    if (part.status === 206) {
      fields["content-range"] = `bytes ${start}-${start + length - 1}/${bodyBytes}`;
      fields["content-length"] = String(length);
    }
    if (part.status === 416) fields["content-range"] = `bytes */${bodyBytes}`;
    return { ...head, status: part.status, statusText: "", headers: withHeaders(headers, fields) };
  }

  async #put(head: CacheHead, sink: CacheAnswerSink): Promise<CacheOutcome> {
    const { app, url, headers: requestHeaders, command } = head;
    const { response } = command;
    if (response === null) throw cacheErrors.MALFORMED({ what: "it puts no response" });
    if (url.length > MAX_CACHED_URL_CHARS) throw cacheErrors.URL_TOO_LONG({ limitChars: MAX_CACHED_URL_CHARS });
    if ((headerOf(response.headers, "vary")?.length ?? 0) > MAX_VARY_CHARS) {
      throw cacheErrors.VARY_TOO_LONG({ limitChars: MAX_VARY_CHARS });
    }
    const storedAtMs = this.#store.nowMs();
    const freshness = freshnessOf(response.headers, storedAtMs);
    if (freshness === null) {
      // Nor is what it would have replaced.
      for (const old of this.#store.find(app, command.cache, { ...command, ...head })) this.#store.remove(old);
      sink.end(DONE);
      return "not_kept";
    }
    const { headers, expiresAtMs } = freshness;
    const kept: CachedResponse = { ...response, headers };
    const meta: EntryMeta = {
      app,
      cache: command.cache,
      url,
      requestHeaders,
      response: kept,
      storedAtMs,
      expiresAtMs,
    };
    const writing = await this.#store.write(meta, head.limitBytes);
    try {
      for (let chunk = await sink.body.next(); chunk !== null; chunk = await sink.body.next())
        await writing.write(chunk);
      await writing.finish();
    } catch (thrown) {
      await writing.abandon();
      throw thrown;
    }
    sink.end(DONE);
    return "kept";
  }
}

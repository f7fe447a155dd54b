/**
 * Transfer of streams, by structuredClone and postMessage: the stream that is given away stays locked, and another one reads from it or writes
 * to it. What goes from one to the other is cloned, a chunk at a time, as the standard's ports between realms would have it.
 */
import type * as Ponyfill from "web-streams-polyfill";
import { deserialize } from "./leaf/clone-deserialize.ts";
import { serialize } from "./leaf/clone-serialize.ts";
import { domException } from "./leaf/make-dom-exception.ts";
import { getterOf, PromisePrototypeThen, uncurryThis } from "./primordials.ts";
import type { ByteStream } from "./stream-state.ts";
import { loadStreams } from "./streams.ts";

type Writer = Ponyfill.WritableStreamDefaultWriter<unknown>;
type Reader = Ponyfill.ReadableStreamDefaultReader<unknown>;

/** What is left of a stream that was taken: those of its sides that it has. */
interface Taken {
  readonly reader: Reader | null;
  readonly writer: Writer | null;
}

const { interfaces, slots, getReader, read, cancelReader } = loadStreams();
const { prototype: writer } = interfaces.WritableStreamDefaultWriter;
const getWriter = uncurryThis(interfaces.WritableStream.prototype.getWriter) as (stream: object) => Writer;
const write = uncurryThis(writer.write) as (writer: Writer, chunk: unknown) => Promise<void>;
const closeWriter = uncurryThis(writer.close) as (writer: Writer) => Promise<void>;
const abortWriter = uncurryThis(writer.abort) as (writer: Writer, reason: unknown) => Promise<void>;
const readyOf = uncurryThis(getterOf(writer, "ready")) as (writer: Writer) => Promise<void>;
const closedOf = uncurryThis(getterOf(writer, "closed")) as (writer: Writer) => Promise<void>;

/** @throws DOMException DataCloneError where it is locked */
export function checkStream(stream: object): void {
  const isLocked = slots.isTransform(stream)
    ? slots.isReadableLocked(slots.readableOf(stream)) || slots.isWritableLocked(slots.writableOf(stream))
    : slots.isReadable(stream)
      ? slots.isReadableLocked(stream)
      : slots.isWritableLocked(stream);
  if (isLocked) throw domException("DataCloneError", "A stream that is locked cannot be transferred");
}

export function takeStream(stream: object): Taken {
  checkStream(stream);
  if (slots.isTransform(stream)) {
    const reader = getReader(slots.readableOf(stream) as ByteStream);
    return { reader, writer: getWriter(slots.writableOf(stream)) };
  }
  return slots.isReadable(stream)
    ? { reader: getReader(stream as ByteStream), writer: null }
    : { reader: null, writer: getWriter(stream) };
}

export function makeStream(taken: object): object {
  const { reader, writer } = taken as Taken;
  if (reader === null) return writableTo(writer as Writer);
  return writer === null ? readableFrom(reader) : slots.createTransform(readableFrom(reader), writableTo(writer));
}

function readableFrom(reader: Reader): object {
  return new interfaces.ReadableStream(
    {
      __proto__: null,
      pull: (controller: Ponyfill.ReadableStreamDefaultController<unknown>) =>
        PromisePrototypeThen(
          read(reader),
          ({ done, value }) => {
            if (done) {
              controller.close();
              return;
            }
            try {
              controller.enqueue(cloned(value));
            } catch (reason) {
              ignore(cancelReader(reader, reason));
              throw reason;
            }
          },
          (reason) => {
            throw clonedReason(reason);
          },
        ),
      cancel: (reason: unknown) => cancelReader(reader, clonedReason(reason)),
    } as never,
    { __proto__: null, highWaterMark: 0 } as never,
  );
}

function writableTo(writer: Writer): object {
  return new interfaces.WritableStream({
    __proto__: null,
    start: (controller: Ponyfill.WritableStreamDefaultController) => {
      PromisePrototypeThen(closedOf(writer), undefined, (reason) => controller.error(clonedReason(reason)));
    },
    write: (chunk: unknown) => {
      let copy: unknown;
      try {
        copy = cloned(chunk);
      } catch (reason) {
        ignore(abortWriter(writer, reason));
        throw reason;
      }
      // The write is over when the chunk is on its way: what becomes of it, `closed` says.
      return PromisePrototypeThen(readyOf(writer), () => ignore(write(writer, copy)));
    },
    close: () => closeWriter(writer),
    abort: (reason: unknown) => abortWriter(writer, clonedReason(reason)),
  } as never);
}

function cloned(value: unknown): unknown {
  return deserialize(serialize(value, [])).value;
}

/** A reason that cannot be cloned crosses as the failure to clone it. */
function clonedReason(reason: unknown): unknown {
  try {
    return cloned(reason);
  } catch (failure) {
    return failure;
  }
}

/** It is told where it matters. */
function ignore(promise: Promise<unknown>): void {
  PromisePrototypeThen(promise, undefined, () => undefined);
}

/** Streams of Node as streams of the web, and back. */
import type { Duplex, Readable, Writable } from "node:stream";
import stream from "readable-stream/lib/stream";

type Options = Record<string, unknown>;

const { finished } = stream;

function failed(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("The stream was cancelled", { cause: reason });
}

export function readableToWeb(readable: Readable, options: { strategy?: QueuingStrategy } = {}): ReadableStream {
  const isObjectMode = readable.readableObjectMode;
  const highWaterMark = readable.readableHighWaterMark;
  const strategy: QueuingStrategy = isObjectMode
    ? { highWaterMark }
    : { highWaterMark, size: (chunk: Uint8Array) => chunk.byteLength };
  return new ReadableStream(
    {
      start(controller) {
        readable.pause();
        const stop = finished(readable, (error) => {
          stop();
          // Whatever else goes wrong with it has nobody left to hear of it.
          readable.on("error", () => undefined);
          if (error) controller.error(error);
          else controller.close();
        });
        readable.on("data", (chunk: unknown) => {
          const isBytes = chunk instanceof Uint8Array && !isObjectMode;
          controller.enqueue(isBytes ? new Uint8Array(chunk) : chunk);
          if ((controller.desiredSize ?? 0) <= 0) readable.pause();
        });
      },
      pull() {
        readable.resume();
      },
      cancel(reason) {
        readable.destroy(failed(reason));
      },
    },
    options.strategy ?? strategy,
  );
}

export function readableFromWeb(source: ReadableStream, options: Options = {}): Readable {
  const reader = source.getReader();
  const readable = new stream.Readable({
    ...options,
    read() {
      reader.read().then(
        ({ done, value }) => readable.push(done ? null : value),
        (reason: unknown) => readable.destroy(failed(reason)),
      );
    },
    destroy(error, callback) {
      const done = () => callback(error);
      if (readable.readableEnded) done();
      else reader.cancel(error ?? undefined).then(done, done);
    },
  });
  return readable;
}

export function writableToWeb(writable: Writable): WritableStream {
  let fail: ((reason: unknown) => void) | null = null;
  const drained = (): Promise<void> =>
    new Promise((resolve, reject) => {
      fail = reject;
      writable.once("drain", resolve);
    });
  return new WritableStream(
    {
      start(controller) {
        finished(writable, (error) => {
          if (!error) return;
          fail?.(error);
          controller.error(error);
        });
      },
      write(chunk) {
        return writable.write(chunk) ? undefined : drained();
      },
      close() {
        return new Promise((resolve, reject) => {
          fail = reject;
          writable.end(resolve);
        });
      },
      abort(reason) {
        writable.destroy(failed(reason));
      },
    },
    {
      highWaterMark: writable.writableHighWaterMark,
      size: (chunk: unknown) => (writable.writableObjectMode ? 1 : ((chunk as Uint8Array).byteLength ?? 1)),
    },
  );
}

export function writableFromWeb(target: WritableStream, options: Options = {}): Writable {
  const writer = target.getWriter();
  const writable = new stream.Writable({
    ...options,
    write(chunk, _encoding, callback) {
      writer.write(chunk).then(() => callback(), callback);
    },
    final(callback) {
      writer.close().then(() => callback(), callback);
    },
    destroy(error, callback) {
      const done = () => callback(error);
      if (error === null) done();
      else writer.abort(error).then(done, done);
    },
  });
  writer.closed.catch((reason: unknown) => writable.destroy(failed(reason)));
  return writable;
}

export function duplexToWeb(duplex: Duplex): { readable: ReadableStream; writable: WritableStream } {
  return { readable: readableToWeb(duplex), writable: writableToWeb(duplex) };
}

export function duplexFromWeb(
  { readable, writable }: { readable: ReadableStream; writable: WritableStream },
  options: Options = {},
): Duplex {
  return stream.Duplex.from({
    readable: readableFromWeb(readable, options),
    writable: writableFromWeb(writable, options),
  } as never);
}

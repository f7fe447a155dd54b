/** A stream over a body that the host has, and the way back: while nobody has begun to read it, the body can go on without it. */
import type { HostSource } from "./host-source.ts";
import { PromisePrototypeThen, PromiseResolve, Uint8ArrayCtor } from "./primordials.ts";
import { type ByteStream, isDisturbed, isLocked } from "./stream-state.ts";
import { closeByteController, loadStreams } from "./streams.ts";

/** What a stream reads from; nothing any more once its body went on without it. */
interface SourceLink {
  source: HostSource | null;
}

class Stamped {
  constructor(stream: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the field of the class below becomes one of this object, out of tenants' reach
    return stream;
  }
}

class SourceStamp extends Stamped {
  readonly #link: SourceLink;

  constructor(stream: object, link: SourceLink) {
    super(stream);
    this.#link = link;
  }

  static read(stream: object): SourceLink | null {
    return #link in stream ? stream.#link : null;
  }
}

/** A byte stream over what the host delivers. */
export function streamOfSource(source: HostSource): ByteStream {
  const link: SourceLink = { source };
  const stream = new (loadStreams().interfaces.ReadableStream)({
    type: "bytes",
    pull: (controller) =>
      PromisePrototypeThen(link.source === null ? PromiseResolve(null) : link.source.read(), (chunk) => {
        if (chunk === null) closeByteController(controller);
        else controller.enqueue(new Uint8ArrayCtor(chunk));
      }),
    cancel: () => link.source?.cancel(),
  }) as ByteStream;
  new SourceStamp(stream, link);
  return stream;
}

/**
 * The source of a stream that nobody has read or locked; the stream is from then on as if it had been read: locked, disturbed and closed.
 * Null: it has none.
 */
export function takeSourceOfStream(stream: ByteStream): HostSource | null {
  const link = SourceStamp.read(stream);
  if (link === null || link.source === null || isLocked(stream) || isDisturbed(stream)) return null;
  const { source } = link;
  link.source = null;
  const streams = loadStreams();
  PromisePrototypeThen(streams.cancelReader(streams.getReader(stream), undefined), undefined, () => undefined);
  return source;
}

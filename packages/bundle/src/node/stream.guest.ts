/** `node:stream`: Node's own of a later release, as a package, with what it leaves to Node. */
import stream from "readable-stream/lib/stream";
import {
  duplexFromWeb,
  duplexToWeb,
  readableFromWeb,
  readableToWeb,
  writableFromWeb,
  writableToWeb,
} from "./stream-web-adapters.guest.ts";

Object.assign(stream.Readable, { fromWeb: readableFromWeb, toWeb: readableToWeb });
Object.assign(stream.Writable, { fromWeb: writableFromWeb, toWeb: writableToWeb });
Object.assign(stream.Duplex, { fromWeb: duplexFromWeb, toWeb: duplexToWeb });
// Also where a bundle has to call them something else.
for (const name of ["Readable", "Writable", "Duplex", "Transform", "PassThrough", "Stream"] as const) {
  Object.defineProperty(stream[name], "name", { value: name, configurable: true });
}

export const { addAbortSignal, compose, destroy, Duplex, finished, getDefaultHighWaterMark, isDestroyed } =
  stream as typeof stream & Record<string, unknown>;
export const { isDisturbed, isErrored, isReadable, isWritable, PassThrough, pipeline, promises } =
  stream as typeof stream & Record<string, unknown>;
export const { Readable, setDefaultHighWaterMark, Stream, Transform, Writable } = stream;
export default stream;

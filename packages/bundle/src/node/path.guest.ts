/** `node:path`: POSIX paths, below `/`. */
import path from "path-browserify";

const posix = Object.assign(path, { toNamespacedPath: (name: string) => name, posix: path });
// There is no such thing here.
delete (posix as { win32?: unknown }).win32;

export const {
  basename,
  delimiter,
  dirname,
  extname,
  format,
  isAbsolute,
  join,
  normalize,
  parse,
  relative,
  resolve,
  sep,
} = path;
export const { toNamespacedPath } = posix;
export { posix };
export default posix;

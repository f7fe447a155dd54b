/** `node:string_decoder`: Node's own of an earlier release, as a package. */
import { StringDecoder } from "string_decoder/lib/string_decoder.js";

export { StringDecoder };
export default { StringDecoder };

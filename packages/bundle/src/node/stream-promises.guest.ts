/** `node:stream/promises` */
import { promises } from "./stream.guest.ts";

export const { finished, pipeline } = promises as typeof import("node:stream/promises");
export default promises;

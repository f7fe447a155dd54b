/** Parsing a URL for what takes one as a string: the host's parser, whose record is the serialised URL. */
import { HostOp } from "./boundary.ts";
import { callHost } from "./host.ts";

/** The serialised URL, or undefined where it does not parse. */
export function parseUrl(input: string): string | undefined {
  return callHost(HostOp.URL_PARSE, 0, input) as string | undefined;
}

/** URL parsing for guests, by the host's own parser. */
import { packUrlRecord, URL_SET_MEMBERS, type UrlSetMember } from "@nano/web-api/leaf/url-record";

const MEMBERS = new Set<string>(URL_SET_MEMBERS);

/** Longer ones do not parse, as in browsers: the thread is the host's while it parses, 50 ms at this length. */
export const MAX_URL_CHARS = 2 * 1024 * 1024;

/** The record of a URL, or undefined where it does not parse. */
export function urlRecord(input: string, base: string | undefined): string | undefined {
  if (input.length > MAX_URL_CHARS || (base !== undefined && base.length > MAX_URL_CHARS)) return undefined;
  const url = URL.parse(input, base);
  return url === null ? undefined : packUrlRecord(url);
}

/** The record after setting one member as the standard says, or undefined: `href` does not parse, or nothing changed. */
export function setUrlMember(href: string, member: string, value: string): string | undefined {
  if (href.length > MAX_URL_CHARS || value.length > MAX_URL_CHARS) return undefined;
  const url = URL.parse(href);
  if (url === null || !MEMBERS.has(member)) return undefined;
  url[member as UrlSetMember] = value;
  return packUrlRecord(url);
}

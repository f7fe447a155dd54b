/**
 * Host and path of a request as router and app both see them.
 *
 * The URL is what the URL standard makes of `<scheme>://<authority><target>`, after steps that make equal
 * spellings equal: bytes above 0x7F are percent-encoded; in the path escapes of unreserved characters are decoded (`%61` →
 * `a`), other escapes are written in capitals, and a `%` that begins no escape becomes `%25`. Routing reads host and path from that URL, never from the raw target.
 *
 * I1 `url` is a fixed point of the URL parser, and its pathname is `path`.
 * I2 The canonical form of a canonical form is itself.
 */

export interface CanonicalTarget {
  /** For the route table: lower case, ASCII, without port and trailing dot. */
  readonly host: string;
  /** What the client addressed, as the URL standard writes it: with port unless it is the scheme's. */
  readonly authority: string;
  readonly path: string;
  /** Absolute; with the query. */
  readonly url: string;
}

export type TargetResult = CanonicalTarget | { readonly refused: string };

interface Authority {
  readonly host: string;
  readonly authority: string;
}

/** Distinct spellings of hosts that are remembered; more than that and memory of them begins anew. */
const MAX_REMEMBERED_HOSTS = 8192;
const MAX_HOST_LENGTH = 512;

/** Nothing here changes in the URL parser: no escape, no segment that begins with a dot, no encoded character. */
const PLAIN_TARGET = /^\/(?:[A-Za-z0-9_~!$&()*+,;=:@/-]|(?<!\/)\.)*(?:\?[A-Za-z0-9_~!$&()*+,;=:@/?.%-]*)?$/;
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)([^#]*)$/i;
const HOST_CHARACTERS = /^[^\s/?#@\\]+$/;
/** An escape, or a `%` that begins none. */
const ESCAPE = /%([0-9A-Fa-f]{2})?/g;
/** The parser drops some of these and so could join what stood apart. */
const UNPRINTABLE = /[^!-~\u0080-\uffff]/;
const UNRESERVED = /[A-Za-z0-9._~-]/;
const HIGH_BYTE = /[\u0080-\u00ff]/;
const HIGH_BYTES = /[\u0080-\u00ff]/g;

export class TargetCanonicalizer {
  readonly #scheme: "http" | "https";
  readonly #hosts = new Map<string, Authority | null>();

  /** @param scheme what clients use to reach this router */
  constructor(scheme: "http" | "https") {
    this.#scheme = scheme;
  }

  /**
   * @param target the request target as it came: origin form, or absolute form, which overrules the Host header
   * @param hostHeader the one Host header, as it came
   * @param claimedHost what the client addressed, where a trusted proxy tells: it overrules both
   */
  canonicalize(target: string, hostHeader: string, claimedHost: string | null = null): TargetResult {
    if (target.charCodeAt(0) !== 0x2f) return this.#canonicalizeAbsolute(target, hostHeader, claimedHost);
    const sent = this.#authority(hostHeader);
    if (sent === null) return { refused: "the Host header is not a host" };
    const authority = claimedHost === null ? sent : this.#authority(claimedHost);
    if (authority === null) return { refused: "the forwarded host is not a host" };
    // The fast path agrees with the slow one: a property test compares them.
    return PLAIN_TARGET.test(target) ? this.#plain(authority, target) : this.#parsed(authority, target);
  }

  #canonicalizeAbsolute(target: string, hostHeader: string, claimedHost: string | null): TargetResult {
    const parts = ABSOLUTE_FORM.exec(target);
    if (parts === null) return { refused: "the request target is neither a path nor an http URL" };
    if (this.#authority(hostHeader) === null) return { refused: "the Host header is not a host" };
    const authority = this.#authority(claimedHost ?? parts[1] ?? "");
    if (authority === null) return { refused: "the request target has no valid host" };
    const rest = parts[2] ?? "";
    return this.#parsed(authority, rest.startsWith("/") ? rest : `/${rest}`);
  }

  #plain(authority: Authority, target: string): CanonicalTarget {
    const query = target.indexOf("?");
    return {
      host: authority.host,
      authority: authority.authority,
      path: query === -1 ? target : target.slice(0, query),
      url: `${this.#scheme}://${authority.authority}${target}`,
    };
  }

  #parsed(authority: Authority, target: string): TargetResult {
    if (target.includes("#")) return { refused: "the request target has a fragment" };
    if (UNPRINTABLE.test(target)) return { refused: "the request target has a control character" };
    const query = target.indexOf("?");
    const rawPath = query === -1 ? target : target.slice(0, query);
    const rawQuery = query === -1 ? "" : target.slice(query);
    const url = URL.parse(
      `${this.#scheme}://${authority.authority}${canonicalEscapes(encodeHighBytes(rawPath))}${encodeHighBytes(rawQuery)}`,
    );
    if (url === null) return { refused: "the request target does not parse as a URL" };
    return { host: authority.host, authority: authority.authority, path: url.pathname, url: url.href };
  }

  #authority(raw: string): Authority | null {
    const known = this.#hosts.get(raw);
    if (known !== undefined) return known;
    // Header values are latin-1; a host beyond ASCII was sent as UTF-8.
    const text = HIGH_BYTE.test(raw) ? Buffer.from(raw, "latin1").toString("utf8") : raw;
    const authority = parseAuthority(text, this.#scheme);
    if (raw.length > MAX_HOST_LENGTH) return authority;
    if (this.#hosts.size >= MAX_REMEMBERED_HOSTS) this.#hosts.clear();
    this.#hosts.set(raw, authority);
    return authority;
  }
}

/** The host of a route in the form that the route table compares; null where it is no host. */
export function canonicalHost(raw: string): string | null {
  return parseAuthority(raw, "http")?.host ?? null;
}

/** The path of a route in the form that the route table compares; null where it is no path. */
export function canonicalPath(raw: string): string | null {
  if (!raw.startsWith("/") || /[?#]/.test(raw) || UNPRINTABLE.test(raw)) return null;
  return URL.parse(`http://host${canonicalEscapes(raw)}`)?.pathname ?? null;
}

function parseAuthority(text: string, scheme: string): Authority | null {
  if (!HOST_CHARACTERS.test(text)) return null;
  const url = URL.parse(`${scheme}://${text}`);
  if (url === null || url.hostname === "" || url.pathname !== "/" || url.username !== "") return null;
  const host = url.hostname.endsWith(".") ? url.hostname.slice(0, -1) : url.hostname;
  return host === "" ? null : { host, authority: url.host };
}

function encodeHighBytes(text: string): string {
  return text.replace(HIGH_BYTES, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

function canonicalEscapes(path: string): string {
  if (!path.includes("%")) return path;
  return path.replace(ESCAPE, (encoded, hex: string | undefined) => {
    if (hex === undefined) return "%25";
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return UNRESERVED.test(character) ? character : encoded.toUpperCase();
  });
}

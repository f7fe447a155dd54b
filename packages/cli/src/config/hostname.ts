/** Host patterns as users write them. */

/**
 * A hostname, `*.` and a hostname, or an IP literal, in the form that requests are matched by: lower case, ASCII,
 * without a trailing dot. Undefined where it is none of these.
 */
export function parseHostPattern(text: string): string | undefined {
  const isWildcard = text.startsWith("*.");
  const host = isWildcard ? text.slice(2) : text;
  if (host === "" || /[\s/?#@\\*%]/.test(host)) return undefined;
  const canonical = URL.parse(`http://${host}/`);
  // A port is no part of a hostname; `URL` would drop port 80 silently.
  if (canonical === null || canonical.port !== "" || /:\d*$/.test(host.replace(/^\[.*\]/, "[]"))) return undefined;
  const name = canonical.hostname.replace(/\.$/, "");
  if (name === "" || (isWildcard && (name.startsWith("[") || /^[\d.]+$/.test(name)))) return undefined;
  return isWildcard ? `*.${name}` : name;
}

/** A path prefix: begins with `/`, no trailing slash but for `/` itself, nothing that a URL would rewrite. */
export function parsePathPrefix(text: string): string | undefined {
  if (!text.startsWith("/") || /[?#\s\\]/.test(text) || text.includes("//")) return undefined;
  const parsed = URL.parse(`http://host${text}`);
  if (parsed === null || parsed.host !== "host" || parsed.pathname.length < text.length) return undefined;
  return parsed.pathname === "/" ? "/" : parsed.pathname.replace(/\/$/, "");
}

/** Names of hosts that an app may reach: `api.example.com`, or `*.example.com` for all names below it and not itself. */

/** In lower case and ASCII, as URLs have them; addresses may be written too, as URLs write them. */
export const HOST_PATTERN = /^(?:(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$/;

/** @param host the `hostname` of a URL: in lower case, IPv6 in brackets */
export function matchesHost(host: string, patterns: readonly string[]): boolean {
  const name = host.endsWith(".") ? host.slice(0, -1) : host;
  return patterns.some((pattern) =>
    pattern.startsWith("*.") ? name.length > pattern.length - 1 && name.endsWith(pattern.slice(1)) : name === pattern,
  );
}

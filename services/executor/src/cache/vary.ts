/** Which requests a kept response with `vary` fits: https://w3c.github.io/ServiceWorker/#request-matches-cached-item-algorithm */
import { createHash } from "node:crypto";
import type { HeaderBlock } from "@nano/protocol/messages";
import { headerOf } from "./header-fields.ts";

/** Names of headers in lower case, in order. */
export function varyNames(response: HeaderBlock): readonly string[] {
  const vary = headerOf(response, "vary");
  if (vary === null) return [];
  const names = vary.split(",").map((name) => name.trim().toLowerCase());
  return [...new Set(names.filter((name) => name !== ""))].sort();
}

/** Of a request's values of those headers: two that agree in them have the same. Empty: there are no names. */
export function varyDigest(names: readonly string[], request: HeaderBlock): string {
  if (names.length === 0) return "";
  const values = names.map((name) => [name, headerOf(request, name)]);
  return createHash("sha256").update(JSON.stringify(values)).digest("base64url");
}

/** Bodies made of platform objects of the leaves: URLSearchParams, Blob, FormData. */
import type { BodyData } from "./body.ts";

/** Content and media type of such an object, or undefined where the value is none. */
export function convertObjectBody(_init: unknown): { data: BodyData; contentType: string | null } | undefined {
  return undefined;
}

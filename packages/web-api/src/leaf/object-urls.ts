/** URLs of blobs, of this context: they end with it. https://w3c.github.io/FileAPI/#url */
import { HostOp } from "../boundary.ts";
import { callHost } from "../host.ts";
import { MapCtor, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, TypeErrorCtor } from "../primordials.ts";
import { type Blob, isBlob } from "./blob.ts";
import { domException } from "./make-dom-exception.ts";

/** Each keeps its blob alive. */
const MAX_OBJECT_URLS = 1_000;

const blobs = new MapCtor<string, Blob>();
let count = 0;

/** @throws TypeError for what is no Blob, QuotaExceededError for more of them than a context may have */
export function createObjectUrl(value: unknown): string {
  if (!isBlob(value)) throw new TypeErrorCtor("URL.createObjectURL: the value is no Blob");
  if (count >= MAX_OBJECT_URLS) {
    throw domException("QuotaExceededError", `URL.createObjectURL: ${MAX_OBJECT_URLS} URLs are not revoked`);
  }
  const url = `blob:null/${callHost(HostOp.RANDOM_UUID) as string}`;
  MapPrototypeSet(blobs, url, value);
  count += 1;
  return url;
}

export function revokeObjectUrl(url: string): void {
  if (MapPrototypeDelete(blobs, url)) count -= 1;
}

/** @param url without its fragment */
export function findObjectUrl(url: string): Blob | undefined {
  return MapPrototypeGet(blobs, url);
}

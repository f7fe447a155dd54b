/** What the methods of the Body mixin make of a body's content. */
import type { BodyData } from "./body.ts";
import { JSONParse, Uint8ArrayCtor } from "./primordials.ts";
import { decodeUtf8, encodeUtf8, throughUtf8 } from "./utf8.ts";

interface Modules {
  "./leaf/blob.ts": typeof import("./leaf/blob.ts");
  "./leaf/form-data-codec.ts": typeof import("./leaf/form-data-codec.ts");
  "./leaf/mime-type.ts": typeof import("./leaf/mime-type.ts");
}
// The build turns this into the call of the module's wrapper: nothing of it runs before.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

export function toText(data: BodyData): string {
  return typeof data === "string" ? throughUtf8(data) : decodeUtf8(data);
}

export function toJson(data: BodyData): unknown {
  return JSONParse(toText(data));
}

export function toArrayBuffer(data: BodyData): ArrayBuffer {
  return typeof data === "string" ? encodeUtf8(data) : data;
}

export function toBytes(data: BodyData): Uint8Array {
  return new Uint8ArrayCtor(toArrayBuffer(data));
}

export function toBlob(data: BodyData, contentType: string | null): unknown {
  return require("./leaf/blob.ts").blobOfBytes(toArrayBuffer(data), blobType(contentType));
}

export function toFormData(data: BodyData, contentType: string | null): unknown {
  return require("./leaf/form-data-codec.ts").parseFormData(toArrayBuffer(data), contentType);
}

function blobType(contentType: string | null): string {
  if (contentType === null) return "";
  const { extractMimeType, serializeMimeType } = require("./leaf/mime-type.ts");
  const type = extractMimeType(contentType);
  return type === null ? "" : serializeMimeType(type);
}

/** What the methods of the Body mixin make of a body's content. */
import type { BodyData } from "./body.ts";
import { loadGlobal } from "./define-global.ts";
import { JSONParse, StringPrototypeToLowerCase, Uint8ArrayCtor } from "./primordials.ts";
import { decodeUtf8, encodeUtf8, throughUtf8 } from "./utf8.ts";

// The build turns this into the call of the module's wrapper: nothing of it runs before.
declare const require: (path: "./leaf/form-data-codec.ts") => typeof import("./leaf/form-data-codec.ts");

/** Finds the content type of a Request or Response, or null. */
export type ContentTypeOf<Self> = (self: Self) => string | null;

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
  const Blob = loadGlobal<new (parts: unknown[], options: { type: string }) => unknown>("Blob");
  return new Blob([toArrayBuffer(data)], { type: StringPrototypeToLowerCase(contentType ?? "") });
}

export function toFormData(data: BodyData, contentType: string | null): unknown {
  return require("./leaf/form-data-codec.ts").parseFormData(toArrayBuffer(data), contentType);
}

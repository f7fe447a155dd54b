/** Bodies made of platform objects of the leaves: URLSearchParams, Blob and FormData. */
import type { BodyData } from "./body.ts";

/** The files that are evaluated when a body is no string, bytes or stream. */
interface Modules {
  "./leaf/blob.ts": typeof import("./leaf/blob.ts");
  "./leaf/form-data.ts": typeof import("./leaf/form-data.ts");
  "./leaf/form-data-codec.ts": typeof import("./leaf/form-data-codec.ts");
  "./leaf/url-search-params.ts": typeof import("./leaf/url-search-params.ts");
}
// The build turns this into the call of the module's wrapper: nothing of it runs before.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

/** Content and media type of such an object, or undefined where the value is none. */
export function convertObjectBody(init: unknown): { data: BodyData; contentType: string | null } | undefined {
  if (typeof init !== "object" || init === null) return undefined;
  const params = require("./leaf/url-search-params.ts");
  if (params.isURLSearchParams(init)) {
    return { data: params.serializeSearchParams(init), contentType: "application/x-www-form-urlencoded;charset=UTF-8" };
  }
  const blobs = require("./leaf/blob.ts");
  if (blobs.isBlob(init)) {
    const type = blobs.typeOfBlob(init);
    return { data: blobs.bytesOfBlob(init), contentType: type === "" ? null : type };
  }
  if (require("./leaf/form-data.ts").isFormData(init)) {
    return require("./leaf/form-data-codec.ts").serializeFormData(init);
  }
  return undefined;
}

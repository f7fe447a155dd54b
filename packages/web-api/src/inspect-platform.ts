/** Objects of lazy interfaces that the console shows by what they hold. Whoever has one has loaded its module; whoever lies about it loads it. */
import type { Inspection } from "./inspect.ts";
import { showKey } from "./inspect-key.ts";
import { ArrayPrototypePush } from "./primordials.ts";

interface Modules {
  "./crypto/crypto-key.ts": typeof import("./crypto/crypto-key.ts");
  "./leaf/blob.ts": typeof import("./leaf/blob.ts");
  "./leaf/form-data.ts": typeof import("./leaf/form-data.ts");
  "./leaf/url-search-params.ts": typeof import("./leaf/url-search-params.ts");
}
// The build turns this into the call of the module's wrapper.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

/** @param tag what `Object.prototype.toString` says of it. Undefined: it is not what it says. */
export function inspectPlatform(inspection: Inspection, value: object, tag: string): string | undefined {
  switch (tag) {
    case "[object URLSearchParams]": {
      const { isURLSearchParams, searchPairsOf } = require("./leaf/url-search-params.ts");
      return isURLSearchParams(value) ? showPairs(inspection, "URLSearchParams", searchPairsOf(value)) : undefined;
    }
    case "[object FormData]": {
      const { isFormData, formDataEntries } = require("./leaf/form-data.ts");
      return isFormData(value) ? showPairs(inspection, "FormData", formDataEntries(value)) : undefined;
    }
    case "[object Blob]":
    case "[object File]": {
      const { describeBlob, isBlob } = require("./leaf/blob.ts");
      return isBlob(value)
        ? inspection.group(tag === "[object File]" ? "File" : "Blob", "{}", inspection.entriesOf(describeBlob(value)))
        : undefined;
    }
    case "[object CryptoKey]": {
      const { keyStateOf } = require("./crypto/crypto-key.ts");
      const state = keyStateOf(value);
      if (state === undefined) return undefined;
      const { type, extractable, algorithm, usages } = state;
      // The key itself is the host's, and its handle nobody's to see.
      const shown = { type, extractable, algorithm: algorithm.name, usages };
      return inspection.group("CryptoKey", "{}", inspection.entriesOf(shown));
    }
    default:
      return undefined;
  }
}

/** Pairs of names and values, of which the same name may stand in several. */
export function showPairs(
  inspection: Inspection,
  name: string,
  pairs: readonly (readonly [name: string, value: unknown])[],
): string {
  const entries: string[] = [];
  for (let i = 0; i < pairs.length; i++) {
    if (inspection.isFull(entries, pairs.length)) break;
    const pair = pairs[i] as readonly [string, unknown];
    ArrayPrototypePush(entries, `${showKey(pair[0])} => ${inspection.show(pair[1])}`);
  }
  return inspection.group(name, "{}", entries);
}

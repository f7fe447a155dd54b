/** Keys as a guest is given them: described with their handles, or exported. */
import type { KeyObject } from "node:crypto";
import type { ImportedKey } from "./crypto-import.ts";
import { type CryptoAnswer, CryptoRefusal } from "./crypto-job.ts";
import type { CryptoKeys } from "./crypto-keys.ts";
import { coordinateBytes } from "./crypto-kinds.ts";
import { ownBuffer } from "./host-ops.ts";

/** `[type, bits, public exponent as hex, handle]` of the boundary. */
export function describeKey(keys: CryptoKeys, imported: ImportedKey): readonly [string, number, string, string] {
  const { key, extractable } = imported;
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {};
  const bits = imported.bits ?? modulusLength ?? (key.symmetricKeySize ?? 0) * 8;
  const hex = publicExponent === undefined ? "" : publicExponent.toString(16);
  return [key.type, bits, hex.length % 2 === 0 ? hex : `0${hex}`, keys.keep({ key, extractable })];
}

/** @throws CryptoRefusal */
export function exportMaterial(format: unknown, key: KeyObject): CryptoAnswer {
  if (format === "jwk") return JSON.stringify(key.export({ format: "jwk" }));
  if (format === "pkcs8" && key.type === "private") return ownBuffer(key.export({ format: "der", type: "pkcs8" }));
  if (format === "spki" && key.type === "public") return ownBuffer(key.export({ format: "der", type: "spki" }));
  if (format === "raw" && key.type === "secret") return ownBuffer(key.export());
  if (format === "raw" && key.type === "public") return ownBuffer(rawPoint(key));
  throw new CryptoRefusal("NotSupportedError", "The key has no such form");
}

function rawPoint(key: KeyObject): Buffer {
  const { kty, crv, x = "", y = "" } = key.export({ format: "jwk" });
  if (kty === "OKP") return Buffer.from(x, "base64url");
  if (coordinateBytes(crv) === 0) throw new CryptoRefusal("NotSupportedError", "The key has no such form");
  return Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
}

/** Why a version is not to be had, as its requests are told. */
import type { VersionId } from "@nano/protocol/brands";
import { isNanoError, type WireError } from "@nano/protocol/errors";
import { errors } from "../errors.ts";

/** Of the artifact store: what is missing here may be in the cache of another node. */
const AWAY_CODES: readonly string[] = ["SLIVER_NOT_FOUND", "SLIVER_STORE_AWAY", "SLIVER_STORE_REFUSED"];

/** What requests are answered with. Another node may have what this one cannot get; what is wrong in itself is wrong there too. */
export function refusalOf(versionId: VersionId, thrown: unknown, error: WireError): WireError {
  if (error.code.startsWith("EXEC_")) return error;
  const isAway = AWAY_CODES.includes(error.code) || !isNanoError(thrown);
  return isAway
    ? errors.MATERIAL_AWAY({ versionId }).wire
    : errors.SLIVER_REFUSED({ versionId, why: error.message }).wire;
}

/** The subjects of the matrix, in the parts that are tested beside each other. */
import { asyncCases } from "./cases/async.ts";
import { cryptoAndClockCases } from "./cases/crypto-and-clocks.ts";
import { engineCases } from "./cases/engine.ts";
import { eventAndStreamCases } from "./cases/events-and-streams.ts";
import { hostileCases } from "./cases/hostile.ts";
import { intlCases } from "./cases/intl.ts";
import { moduleCases } from "./cases/modules.ts";
import { nodeModuleCases } from "./cases/node-modules.ts";
import { patchedCases } from "./cases/patched.ts";
import { textAndDataCases } from "./cases/text-and-data.ts";
import { valueCases } from "./cases/values.ts";
import type { InitCases } from "./init-case.ts";

/** What the language and its engine give. */
export const languageSubjects: readonly InitCases[] = [valueCases, asyncCases, engineCases, moduleCases];
/** What the platform gives. */
export const platformSubjects: readonly InitCases[] = [
  textAndDataCases,
  eventAndStreamCases,
  cryptoAndClockCases,
  intlCases,
  nodeModuleCases,
];
/** What apps do to either. */
export const abuseSubjects: readonly InitCases[] = [patchedCases, hostileCases];

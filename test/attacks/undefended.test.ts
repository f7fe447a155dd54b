/** Each attack succeeds where its defence is missing: otherwise that it is contained would say nothing. */
import { describe, expect, test } from "vitest";
import { byGroup, loadCorpus } from "./harness/corpus.ts";

const PROOF_TIMEOUT_MS = 60_000;

const corpus = await loadCorpus();

describe.concurrent.each(byGroup(corpus))("undefended, %s", (_, attacks) => {
  test.each(attacks.map((attack) => [attack.name, attack] as const))(
    "%s succeeds",
    async (_name, { undefended }) => {
      expect(await undefended()).toEqual(expect.any(String));
    },
    PROOF_TIMEOUT_MS,
  );
});

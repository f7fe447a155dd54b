/** The corpus in its short form: each attack that leaves its process alone arrives once at a NANO that all share. */
import { strikeCorpus } from "./harness/strike-corpus.ts";

strikeCorpus((attack) => attack.harm === undefined);

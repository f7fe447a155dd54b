/** The corpus in its short form: what kills or hangs its process, one after the other, at a NANO of its own. */
import { strikeCorpus } from "./harness/strike-corpus.ts";

strikeCorpus((attack) => attack.harm !== undefined, { isSequential: true });

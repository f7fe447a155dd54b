// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** structuredClone of the HTML standard. */
import { deserialize } from "./clone-deserialize.ts";
import { serialize } from "./clone-serialize.ts";
import { requireArguments, toDictionary, toObjectSequence } from "./webidl-convert.ts";

/** A method, since functions that are declared can be constructed. */
export const { structuredClone } = {
  /** Clones a value; what `options.transfer` lists moves instead. @throws DOMException DataCloneError */
  structuredClone(value: unknown, options: unknown = undefined): unknown {
    requireArguments(arguments.length, 1, "structuredClone");
    const { transfer } = toDictionary(options, "structuredClone");
    return deserialize(serialize(value, transfer === undefined ? [] : toObjectSequence(transfer, "structuredClone")))
      .value;
  },
};

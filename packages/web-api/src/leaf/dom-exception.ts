/** DOMException of Web IDL; the platform makes its own by `make-dom-exception.ts`. */
import {
  ErrorCtor,
  ObjectSetPrototypeOf,
  ReflectConstruct,
  ReflectDeleteProperty,
  TypeErrorCtor,
} from "../primordials.ts";
import { cloneHooks } from "./clone-hooks.ts";
import {
  ErrorCaptureStackTrace,
  ErrorPrototype,
  WeakMapCtor,
  WeakMapPrototypeGet,
  WeakMapPrototypeSet,
} from "./intrinsics.ts";
import { defineConstants, finishInterface } from "./webidl.ts";
import { toDOMString } from "./webidl-convert.ts";

interface State {
  readonly name: string;
  readonly message: string;
}

/** The names with a legacy code, at the index that is their code; "" where no exception has that code. */
const NAMES_BY_CODE = [
  "",
  "IndexSizeError",
  "",
  "HierarchyRequestError",
  "WrongDocumentError",
  "InvalidCharacterError",
  "",
  "NoModificationAllowedError",
  "NotFoundError",
  "NotSupportedError",
  "InUseAttributeError",
  "InvalidStateError",
  "SyntaxError",
  "InvalidModificationError",
  "NamespaceError",
  "InvalidAccessError",
  "",
  "TypeMismatchError",
  "SecurityError",
  "NetworkError",
  "AbortError",
  "URLMismatchError",
  "QuotaExceededError",
  "TimeoutError",
  "InvalidNodeTypeError",
  "DataCloneError",
];

const CONSTANTS: readonly (readonly [string, number])[] = [
  ["INDEX_SIZE_ERR", 1],
  ["DOMSTRING_SIZE_ERR", 2],
  ["HIERARCHY_REQUEST_ERR", 3],
  ["WRONG_DOCUMENT_ERR", 4],
  ["INVALID_CHARACTER_ERR", 5],
  ["NO_DATA_ALLOWED_ERR", 6],
  ["NO_MODIFICATION_ALLOWED_ERR", 7],
  ["NOT_FOUND_ERR", 8],
  ["NOT_SUPPORTED_ERR", 9],
  ["INUSE_ATTRIBUTE_ERR", 10],
  ["INVALID_STATE_ERR", 11],
  ["SYNTAX_ERR", 12],
  ["INVALID_MODIFICATION_ERR", 13],
  ["NAMESPACE_ERR", 14],
  ["INVALID_ACCESS_ERR", 15],
  ["VALIDATION_ERR", 16],
  ["TYPE_MISMATCH_ERR", 17],
  ["SECURITY_ERR", 18],
  ["NETWORK_ERR", 19],
  ["ABORT_ERR", 20],
  ["URL_MISMATCH_ERR", 21],
  ["QUOTA_EXCEEDED_ERR", 22],
  ["TIMEOUT_ERR", 23],
  ["INVALID_NODE_TYPE_ERR", 24],
  ["DATA_CLONE_ERR", 25],
];

const states = new WeakMapCtor<object, State>();

function stateOf(value: object): State {
  const state = WeakMapPrototypeGet(states, value);
  if (state === undefined) throw new TypeErrorCtor("Illegal invocation");
  return state;
}

export class DOMException {
  declare readonly stack: string | undefined;

  constructor(message: unknown = "", name: unknown = "Error") {
    const state: State = { message: toDOMString(message), name: toDOMString(name) };
    // A real Error, so that it carries a stack; its state must be known before the stack's first line is written from it.
    // Made for its own class, by which isolated-vm tells whether it has a name of its own.
    const error = ReflectConstruct(ErrorCtor, [state.message], new.target) as Error;
    WeakMapPrototypeSet(states, error, state);
    ErrorCaptureStackTrace(error, new.target);
    // The stack has taken it over; the message that is to be read is the prototype's.
    ReflectDeleteProperty(error, "message");
    // biome-ignore lint/correctness/noConstructorReturn: only Error's own constructor makes an error object
    return error as unknown as DOMException;
  }

  get name(): string {
    return stateOf(this).name;
  }

  get message(): string {
    return stateOf(this).message;
  }

  get code(): number {
    const { name } = stateOf(this);
    for (let code = 1; code < NAMES_BY_CODE.length; code++) {
      if (name !== "" && NAMES_BY_CODE[code] === name) return code;
    }
    return 0;
  }
}

ObjectSetPrototypeOf(DOMException.prototype, ErrorPrototype);
finishInterface(DOMException, "DOMException");
defineConstants(DOMException, CONSTANTS);

cloneHooks.isDOMException = (value) => WeakMapPrototypeGet(states, value) !== undefined;
cloneHooks.cloneDOMException = (value) => {
  const { name, message } = stateOf(value);
  return new DOMException(message, name);
};

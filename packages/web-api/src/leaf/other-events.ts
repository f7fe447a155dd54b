// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/**
 * The events that carry something: CustomEvent, MessageEvent, ErrorEvent, PromiseRejectionEvent, CloseEvent. What the platform fires is made
 * without their constructors, so that nothing which the app did to them stands between an event and its listeners.
 */
import { ObjectFreeze, TypeErrorCtor } from "../primordials.ts";
import { cloneHooks } from "./clone-hooks.ts";
import { createEvent, Event, eventSlots, initEvent } from "./event.ts";
import { finishInterface } from "./webidl.ts";
import {
  requireArguments,
  toDictionary,
  toDOMString,
  toSequence,
  toUnsignedInteger,
  toUSVString,
} from "./webidl-convert.ts";

export class CustomEvent extends Event {
  #detail: unknown;

  constructor(type: unknown, init: unknown = undefined) {
    requireArguments(arguments.length, 1, "new CustomEvent");
    super(type, init);
    const { detail } = toDictionary(init, "new CustomEvent");
    this.#detail = detail === undefined ? null : detail;
  }

  get detail(): unknown {
    return this.#detail;
  }

  initCustomEvent(type: unknown, bubbles: unknown = false, cancelable: unknown = false, detail: unknown = null): void {
    this.#detail;
    requireArguments(arguments.length, 1, "CustomEvent.initCustomEvent");
    const newType = toDOMString(type);
    const slots = eventSlots(this);
    if (slots.isDispatching) return;
    initEvent(slots, newType, !!bubbles, !!cancelable);
    this.#detail = detail;
  }
}

finishInterface(CustomEvent, "CustomEvent");

const MESSAGE = 0;
const ERROR = 1;
const CLOSE = 2;

interface MessageState {
  readonly kind: typeof MESSAGE;
  readonly data: unknown;
  readonly origin: string;
  readonly lastEventId: string;
  readonly source: unknown;
  /** Frozen; null: none, and nobody has asked. */
  ports: readonly unknown[] | null;
}

/** What an ErrorEvent tells. */
export interface ErrorDetails {
  readonly message: string;
  readonly filename: string;
  readonly lineno: number;
  readonly colno: number;
  readonly error: unknown;
}

/** What a CloseEvent tells. */
export interface CloseDetails {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

interface States {
  readonly [MESSAGE]: MessageState;
  readonly [ERROR]: ErrorDetails & { readonly kind: typeof ERROR };
  readonly [CLOSE]: CloseDetails & { readonly kind: typeof CLOSE };
}

/** The state of an event of one of the interfaces below. @throws TypeError for all else */
function stateOf<K extends keyof States>(event: Event, kind: K): States[K] {
  const state = eventSlots(event).state as States[keyof States] | null;
  if (state?.kind !== kind) throw new TypeErrorCtor("Illegal invocation");
  return state as States[K];
}

export class MessageEvent extends Event {
  constructor(type: unknown, init: unknown = undefined) {
    requireArguments(arguments.length, 1, "new MessageEvent");
    super(type, init);
    const dictionary = toDictionary(init, "new MessageEvent");
    const { data } = dictionary;
    const lastEventId = toText(dictionary.lastEventId, toDOMString);
    const origin = toText(dictionary.origin, toUSVString);
    const { ports: portsValue } = dictionary;
    const ports = portsValue === undefined ? [] : toPorts(portsValue, "new MessageEvent");
    const source = toSource(dictionary.source, "new MessageEvent");
    eventSlots(this).state = messageState(data === undefined ? null : data, origin, lastEventId, source, ports);
  }

  get data(): unknown {
    return stateOf(this, MESSAGE).data;
  }

  get origin(): string {
    return stateOf(this, MESSAGE).origin;
  }

  get lastEventId(): string {
    return stateOf(this, MESSAGE).lastEventId;
  }

  get source(): unknown {
    return stateOf(this, MESSAGE).source;
  }

  get ports(): readonly unknown[] {
    const state = stateOf(this, MESSAGE);
    state.ports ??= ObjectFreeze([]);
    return state.ports;
  }

  initMessageEvent(
    type: unknown,
    bubbles: unknown = false,
    cancelable: unknown = false,
    data: unknown = null,
    origin: unknown = "",
    lastEventId: unknown = "",
    source: unknown = null,
    ports: unknown = undefined,
  ): void {
    stateOf(this, MESSAGE);
    requireArguments(arguments.length, 1, "MessageEvent.initMessageEvent");
    const newType = toDOMString(type);
    const newOrigin = toUSVString(origin);
    const newId = toDOMString(lastEventId);
    const newSource = toSource(source, "MessageEvent.initMessageEvent");
    const newPorts = ports === undefined ? [] : toPorts(ports, "MessageEvent.initMessageEvent");
    const slots = eventSlots(this);
    if (slots.isDispatching) return;
    initEvent(slots, newType, !!bubbles, !!cancelable);
    slots.state = messageState(data, newOrigin, newId, newSource, newPorts);
  }
}

finishInterface(MessageEvent, "MessageEvent");

export class ErrorEvent extends Event {
  constructor(type: unknown, init: unknown = undefined) {
    requireArguments(arguments.length, 1, "new ErrorEvent");
    super(type, init);
    const dictionary = toDictionary(init, "new ErrorEvent");
    const colno = toCount(dictionary.colno, 32);
    const { error } = dictionary;
    const filename = toText(dictionary.filename, toUSVString);
    const lineno = toCount(dictionary.lineno, 32);
    const message = toText(dictionary.message, toDOMString);
    eventSlots(this).state = { kind: ERROR, message, filename, lineno, colno, error };
  }

  get message(): string {
    return stateOf(this, ERROR).message;
  }

  get filename(): string {
    return stateOf(this, ERROR).filename;
  }

  get lineno(): number {
    return stateOf(this, ERROR).lineno;
  }

  get colno(): number {
    return stateOf(this, ERROR).colno;
  }

  get error(): unknown {
    return stateOf(this, ERROR).error;
  }
}

finishInterface(ErrorEvent, "ErrorEvent");

/** What an ErrorEvent tells, or null where the event is another. */
export function describeErrorEvent(event: object): ErrorDetails | null {
  const state = eventSlots(event as Event).state as States[keyof States] | null;
  return state?.kind === ERROR ? state : null;
}

export class PromiseRejectionEvent extends Event {
  #promise: object;
  #reason: unknown;

  constructor(type: unknown, init: unknown) {
    requireArguments(arguments.length, 2, "new PromiseRejectionEvent");
    super(type, init);
    const { promise, reason } = toDictionary(init, "new PromiseRejectionEvent");
    if ((typeof promise !== "object" && typeof promise !== "function") || promise === null) {
      throw new TypeErrorCtor("new PromiseRejectionEvent: the promise is missing");
    }
    this.#promise = promise;
    this.#reason = reason;
  }

  get promise(): object {
    return this.#promise;
  }

  get reason(): unknown {
    return this.#reason;
  }
}

finishInterface(PromiseRejectionEvent, "PromiseRejectionEvent");

export class CloseEvent extends Event {
  constructor(type: unknown, init: unknown = undefined) {
    requireArguments(arguments.length, 1, "new CloseEvent");
    super(type, init);
    const dictionary = toDictionary(init, "new CloseEvent");
    const code = toCount(dictionary.code, 16);
    const reason = toText(dictionary.reason, toUSVString);
    const wasClean = !!dictionary.wasClean;
    eventSlots(this).state = { kind: CLOSE, code, reason, wasClean };
  }

  get wasClean(): boolean {
    return stateOf(this, CLOSE).wasClean;
  }

  get code(): number {
    return stateOf(this, CLOSE).code;
  }

  get reason(): string {
    return stateOf(this, CLOSE).reason;
  }
}

finishInterface(CloseEvent, "CloseEvent");

/** The event of a message, as the platform fires it. */
export function trustedMessageEvent(data: unknown, ports: unknown[] | null = null, origin = ""): Event {
  return createEvent(MessageEvent, "message", messageState(data, origin, "", null, ports));
}

/** The event of an error, as the platform fires it. */
export function trustedErrorEvent(details: ErrorDetails, cancelable: boolean): Event {
  const { message, filename, lineno, colno, error } = details;
  const event = createEvent(ErrorEvent, "error", { kind: ERROR, message, filename, lineno, colno, error });
  if (cancelable) initEvent(eventSlots(event), "error", false, true);
  return event;
}

/** The event of a connection that is over, as the platform fires it. */
export function trustedCloseEvent({ code, reason, wasClean }: CloseDetails): Event {
  return createEvent(CloseEvent, "close", { kind: CLOSE, code, reason, wasClean });
}

function messageState(
  data: unknown,
  origin: string,
  lastEventId: string,
  source: unknown,
  ports: unknown[] | null,
): MessageState {
  const frozen = ports === null ? null : ObjectFreeze(ports);
  return { kind: MESSAGE, data, origin, lastEventId, source, ports: frozen };
}

function toText(value: unknown, convert: (value: unknown) => string): string {
  return value === undefined ? "" : convert(value);
}

function toCount(value: unknown, bits: 16 | 32): number {
  return value === undefined ? 0 : toUnsignedInteger(value, bits);
}

/** `MessageEventSource?`: of its interfaces, only ports are here. */
function toSource(value: unknown, operation: string): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === "object" && cloneHooks.isPort(value)) return value;
  throw new TypeErrorCtor(`${operation}: the source is no MessagePort`);
}

function toPorts(value: unknown, operation: string): unknown[] {
  const ports = toSequence(value, operation);
  for (let i = 0; i < ports.length; i++) {
    const port = ports[i];
    if (typeof port === "object" && port !== null && cloneHooks.isPort(port)) continue;
    throw new TypeErrorCtor(`${operation}: one of the ports is no MessagePort`);
  }
  return ports;
}

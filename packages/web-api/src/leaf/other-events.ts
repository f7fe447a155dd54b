// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** The events that carry something: CustomEvent, MessageEvent, ErrorEvent, PromiseRejectionEvent, CloseEvent. */
import { ObjectFreeze, TypeErrorCtor } from "../primordials.ts";
import { Event, eventAccess } from "./event.ts";
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
    if (eventAccess.isDispatching(this)) return;
    eventAccess.init(this, newType, !!bubbles, !!cancelable);
    this.#detail = detail;
  }
}

finishInterface(CustomEvent, "CustomEvent");

export class MessageEvent extends Event {
  #data: unknown;
  #origin: string;
  #lastEventId: string;
  #source: unknown;
  #ports: readonly unknown[];

  constructor(type: unknown, init: unknown = undefined) {
    requireArguments(arguments.length, 1, "new MessageEvent");
    super(type, init);
    const { data, origin, lastEventId, source, ports } = toDictionary(init, "new MessageEvent");
    this.#data = data === undefined ? null : data;
    this.#origin = origin === undefined ? "" : toUSVString(origin);
    this.#lastEventId = lastEventId === undefined ? "" : toDOMString(lastEventId);
    if (source !== undefined && source !== null && typeof source !== "object") {
      throw new TypeErrorCtor("new MessageEvent: the source is not an object");
    }
    this.#source = source === undefined ? null : source;
    this.#ports = ObjectFreeze(ports === undefined ? [] : toSequence(ports, "new MessageEvent"));
  }

  get data(): unknown {
    return this.#data;
  }

  get origin(): string {
    return this.#origin;
  }

  get lastEventId(): string {
    return this.#lastEventId;
  }

  get source(): unknown {
    return this.#source;
  }

  get ports(): readonly unknown[] {
    return this.#ports;
  }
}

finishInterface(MessageEvent, "MessageEvent");

export class ErrorEvent extends Event {
  #message: string;
  #filename: string;
  #line: number;
  #column: number;
  #error: unknown;

  constructor(type: unknown, init: unknown = undefined) {
    requireArguments(arguments.length, 1, "new ErrorEvent");
    super(type, init);
    const { message, filename, lineno, colno, error } = toDictionary(init, "new ErrorEvent");
    this.#message = message === undefined ? "" : toDOMString(message);
    this.#filename = filename === undefined ? "" : toUSVString(filename);
    this.#line = lineno === undefined ? 0 : toUnsignedInteger(lineno, 32);
    this.#column = colno === undefined ? 0 : toUnsignedInteger(colno, 32);
    this.#error = error;
  }

  get message(): string {
    return this.#message;
  }

  get filename(): string {
    return this.#filename;
  }

  get lineno(): number {
    return this.#line;
  }

  get colno(): number {
    return this.#column;
  }

  get error(): unknown {
    return this.#error;
  }
}

finishInterface(ErrorEvent, "ErrorEvent");

export class PromiseRejectionEvent extends Event {
  #promise: object;
  #reason: unknown;

  constructor(type: unknown, init: unknown) {
    requireArguments(arguments.length, 2, "new PromiseRejectionEvent");
    super(type, init);
    const { promise, reason } = toDictionary(init, "new PromiseRejectionEvent");
    if (typeof promise !== "object" || promise === null) {
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
  #wasClean: boolean;
  #code: number;
  #reason: string;

  constructor(type: unknown, init: unknown = undefined) {
    requireArguments(arguments.length, 1, "new CloseEvent");
    super(type, init);
    const { wasClean, code, reason } = toDictionary(init, "new CloseEvent");
    this.#wasClean = !!wasClean;
    this.#code = code === undefined ? 0 : toUnsignedInteger(code, 16);
    this.#reason = reason === undefined ? "" : toUSVString(reason);
  }

  get wasClean(): boolean {
    return this.#wasClean;
  }

  get code(): number {
    return this.#code;
  }

  get reason(): string {
    return this.#reason;
  }
}

finishInterface(CloseEvent, "CloseEvent");

/** The event of a message, as the platform makes it. */
export function trustedMessageEvent(data: unknown): MessageEvent {
  return new MessageEvent("message", { __proto__: null, data });
}

/** The event of a connection that failed. */
export function trustedErrorEvent(message: string): ErrorEvent {
  return new ErrorEvent("error", { __proto__: null, message });
}

/** The event of a connection that is over. */
export function trustedCloseEvent({ code, reason, wasClean }: CloseState): CloseEvent {
  return new CloseEvent("close", { __proto__: null, code, reason, wasClean });
}

interface CloseState {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

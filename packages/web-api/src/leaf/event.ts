// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** Event of the DOM standard, for targets that have no parents. */
import { DateNow, ObjectDefineProperty, ObjectGetOwnPropertyDescriptor, ReflectConstruct } from "../primordials.ts";
import { defineConstants, finishInterface } from "./webidl.ts";
import { requireArguments, toDictionary, toDOMString } from "./webidl-convert.ts";

/** Milliseconds since the epoch that `timeStamp` counts from. */
const ORIGIN_MS = DateNow();

const NONE = 0;
const AT_TARGET = 2;

/** In place of the type: the second argument is it. Held here alone. */
const CREATE = Symbol();

/** How dispatching reads and writes an event, and interfaces that derive from it; out of tenant code's reach. */
export interface EventAccess {
  /**
   * An event with the prototype of a derived interface, made without its constructor: the app may have given that another parent.
   *
   * @param state as `stateOf` answers it
   */
  create(derived: abstract new (...args: never[]) => Event, type: string, state: object): Event;
  /** What a derived interface keeps with an event; null where that is another. @throws TypeError for what is no event */
  stateOf(event: Event): object | null;
  setState(event: Event, state: object): void;
  isEvent(value: unknown): value is Event;
  isDispatching(event: Event): boolean;
  isStopped(event: Event): boolean;
  isStoppedAtOnce(event: Event): boolean;
  isCanceled(event: Event): boolean;
  typeOf(event: Event): string;
  cancel(event: Event): void;
  init(event: Event, type: string, bubbles: boolean, cancelable: boolean): void;
  begin(event: Event, target: object, isTrusted: boolean): void;
  setPassive(event: Event, isPassive: boolean): void;
  end(event: Event): void;
}

export let eventAccess: EventAccess;

export class Event {
  #type: string;
  #bubbles: boolean;
  #cancelable: boolean;
  #composed: boolean;
  #target: object | null = null;
  #currentTarget: object | null = null;
  #phase = NONE;
  #timeStampMs = DateNow() - ORIGIN_MS;
  #isTrusted = false;
  #isDispatching = false;
  #isStopped = false;
  #isStoppedAtOnce = false;
  #isCanceled = false;
  #isPassive = false;
  #state: object | null = null;

  static {
    eventAccess = {
      create: (derived, type, state) => {
        const event = ReflectConstruct(Event, [CREATE, type], derived) as Event;
        event.#state = state;
        return event;
      },
      stateOf: (event) => event.#state,
      setState: (event, state) => {
        event.#state = state;
      },
      isEvent: (value): value is Event => typeof value === "object" && value !== null && #type in value,
      isDispatching: (event) => event.#isDispatching,
      isStopped: (event) => event.#isStopped,
      isStoppedAtOnce: (event) => event.#isStoppedAtOnce,
      isCanceled: (event) => event.#isCanceled,
      typeOf: (event) => event.#type,
      cancel: (event) => event.#cancel(),
      init: (event, type, bubbles, cancelable) => event.#init(type, bubbles, cancelable),
      begin: (event, target, isTrusted) => {
        event.#isDispatching = true;
        event.#isTrusted = isTrusted;
        event.#target = target;
        event.#currentTarget = target;
        event.#phase = AT_TARGET;
      },
      setPassive: (event, isPassive) => {
        event.#isPassive = isPassive;
      },
      end: (event) => {
        event.#phase = NONE;
        event.#currentTarget = null;
        event.#isDispatching = false;
        event.#isStopped = false;
        event.#isStoppedAtOnce = false;
      },
    };
  }

  constructor(type: unknown, init: unknown = undefined) {
    ObjectDefineProperty(this, "isTrusted", isTrustedDescriptor);
    if (type === CREATE) {
      this.#type = init as string;
      this.#bubbles = this.#cancelable = this.#composed = false;
      return;
    }
    requireArguments(arguments.length, 1, "new Event");
    this.#type = toDOMString(type);
    const dictionary = toDictionary(init, "new Event");
    this.#bubbles = !!dictionary.bubbles;
    this.#cancelable = !!dictionary.cancelable;
    this.#composed = !!dictionary.composed;
  }

  get type(): string {
    return this.#type;
  }

  get target(): object | null {
    return this.#target;
  }

  get srcElement(): object | null {
    return this.#target;
  }

  get currentTarget(): object | null {
    return this.#currentTarget;
  }

  composedPath(): object[] {
    return this.#currentTarget === null ? [] : [this.#currentTarget];
  }

  get eventPhase(): number {
    return this.#phase;
  }

  stopPropagation(): void {
    this.#isStopped = true;
  }

  get cancelBubble(): boolean {
    return this.#isStopped;
  }

  set cancelBubble(value: unknown) {
    if (value) this.#isStopped = true;
    else this.#type;
  }

  stopImmediatePropagation(): void {
    this.#isStopped = true;
    this.#isStoppedAtOnce = true;
  }

  get bubbles(): boolean {
    return this.#bubbles;
  }

  get cancelable(): boolean {
    return this.#cancelable;
  }

  get returnValue(): boolean {
    return !this.#isCanceled;
  }

  set returnValue(value: unknown) {
    if (!value) this.#cancel();
    else this.#type;
  }

  preventDefault(): void {
    this.#cancel();
  }

  get defaultPrevented(): boolean {
    return this.#isCanceled;
  }

  get composed(): boolean {
    return this.#composed;
  }

  get timeStamp(): number {
    return this.#timeStampMs;
  }

  initEvent(type: unknown, bubbles: unknown = false, cancelable: unknown = false): void {
    this.#type;
    requireArguments(arguments.length, 1, "Event.initEvent");
    const newType = toDOMString(type);
    if (!this.#isDispatching) this.#init(newType, !!bubbles, !!cancelable);
  }

  #init(type: string, bubbles: boolean, cancelable: boolean): void {
    this.#type = type;
    this.#bubbles = bubbles;
    this.#cancelable = cancelable;
    this.#isTrusted = false;
    this.#isStopped = false;
    this.#isStoppedAtOnce = false;
    this.#isCanceled = false;
    this.#target = null;
  }

  #cancel(): void {
    if (this.#cancelable && !this.#isPassive) this.#isCanceled = true;
  }

  /** Only to make the getter of the own property that every event has; removed below. */
  get isTrusted(): boolean {
    return this.#isTrusted;
  }
}

// [LegacyUnforgeable]: every event has it as an own property that cannot be redefined.
const isTrustedDescriptor = {
  __proto__: null,
  get: ObjectGetOwnPropertyDescriptor(Event.prototype, "isTrusted")?.get,
  enumerable: true,
  configurable: false,
} as never;
delete (Event.prototype as { isTrusted?: boolean }).isTrusted;

finishInterface(Event, "Event");
defineConstants(Event, [
  ["NONE", NONE],
  ["CAPTURING_PHASE", 1],
  ["AT_TARGET", AT_TARGET],
  ["BUBBLING_PHASE", 3],
]);

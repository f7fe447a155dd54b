// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** Event of the DOM standard, for targets that have no parents. */
import { nowMs, originMs } from "../clock.ts";
import { ObjectDefineProperty, ObjectGetOwnPropertyDescriptor, ReflectConstruct } from "../primordials.ts";
import { defineConstants, finishInterface } from "./webidl.ts";
import { requireArguments, toDictionary, toDOMString } from "./webidl-convert.ts";

const NONE = 0;
const AT_TARGET = 2;

/** In place of the type: the second argument is it. Held here alone. */
const CREATE = Symbol();

/** What an event is: one object, made at once, since private fields are made one by one. Out of tenant code's reach. */
export interface EventSlots {
  type: string;
  bubbles: boolean;
  cancelable: boolean;
  composed: boolean;
  /** Also its current target while it is dispatched. */
  target: object | null;
  readonly timeStampMs: number;
  isTrusted: boolean;
  isDispatching: boolean;
  isStopped: boolean;
  isStoppedAtOnce: boolean;
  isCanceled: boolean;
  isPassive: boolean;
  /** What a derived interface keeps with an event; null where that is another. */
  state: object | null;
}

/** @throws TypeError for what is no event */
export let eventSlots: (event: Event) => EventSlots;
export let isEvent: (value: unknown) => value is Event;

export class Event {
  readonly #slots: EventSlots;

  static {
    eventSlots = (event) => event.#slots;
    isEvent = (value): value is Event => typeof value === "object" && value !== null && #slots in value;
  }

  constructor(type: unknown, init: unknown = undefined) {
    ObjectDefineProperty(this, "isTrusted", isTrustedDescriptor);
    if (type === CREATE) {
      this.#slots = init as EventSlots;
      return;
    }
    requireArguments(arguments.length, 1, "new Event");
    const typeName = toDOMString(type);
    const dictionary = toDictionary(init, "new Event");
    const slots = createSlots(typeName, null);
    slots.bubbles = !!dictionary.bubbles;
    slots.cancelable = !!dictionary.cancelable;
    slots.composed = !!dictionary.composed;
    this.#slots = slots;
  }

  get type(): string {
    return this.#slots.type;
  }

  get target(): object | null {
    return this.#slots.target;
  }

  get srcElement(): object | null {
    return this.#slots.target;
  }

  get currentTarget(): object | null {
    const slots = this.#slots;
    return slots.isDispatching ? slots.target : null;
  }

  composedPath(): object[] {
    const { isDispatching, target } = this.#slots;
    return isDispatching && target !== null ? [target] : [];
  }

  get eventPhase(): number {
    return this.#slots.isDispatching ? AT_TARGET : NONE;
  }

  stopPropagation(): void {
    this.#slots.isStopped = true;
  }

  get cancelBubble(): boolean {
    return this.#slots.isStopped;
  }

  set cancelBubble(value: unknown) {
    const slots = this.#slots;
    if (value) slots.isStopped = true;
  }

  stopImmediatePropagation(): void {
    const slots = this.#slots;
    slots.isStopped = true;
    slots.isStoppedAtOnce = true;
  }

  get bubbles(): boolean {
    return this.#slots.bubbles;
  }

  get cancelable(): boolean {
    return this.#slots.cancelable;
  }

  get returnValue(): boolean {
    return !this.#slots.isCanceled;
  }

  set returnValue(value: unknown) {
    const slots = this.#slots;
    if (!value) cancelEvent(slots);
  }

  preventDefault(): void {
    cancelEvent(this.#slots);
  }

  get defaultPrevented(): boolean {
    return this.#slots.isCanceled;
  }

  get composed(): boolean {
    return this.#slots.composed;
  }

  get timeStamp(): number {
    return this.#slots.timeStampMs;
  }

  initEvent(type: unknown, bubbles: unknown = false, cancelable: unknown = false): void {
    const slots = this.#slots;
    requireArguments(arguments.length, 1, "Event.initEvent");
    const newType = toDOMString(type);
    if (!slots.isDispatching) initEvent(slots, newType, !!bubbles, !!cancelable);
  }

  /** Only to make the getter of the own property that every event has; removed below. */
  get isTrusted(): boolean {
    return this.#slots.isTrusted;
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

/**
 * An event with the prototype of a derived interface, made without its constructor: the app may have given that another parent.
 *
 * @param state as its slots answer it
 */
export function createEvent(derived: abstract new (...args: never[]) => Event, type: string, state: object): Event {
  return ReflectConstruct(Event, [CREATE, createSlots(type, state)], derived) as Event;
}

export function initEvent(slots: EventSlots, type: string, bubbles: boolean, cancelable: boolean): void {
  slots.type = type;
  slots.bubbles = bubbles;
  slots.cancelable = cancelable;
  slots.isTrusted = false;
  slots.isStopped = false;
  slots.isStoppedAtOnce = false;
  slots.isCanceled = false;
  slots.target = null;
}

export function cancelEvent(slots: EventSlots): void {
  if (slots.cancelable && !slots.isPassive) slots.isCanceled = true;
}

function createSlots(type: string, state: object | null): EventSlots {
  return {
    type,
    bubbles: false,
    cancelable: false,
    composed: false,
    target: null,
    timeStampMs: nowMs() - originMs(),
    isTrusted: false,
    isDispatching: false,
    isStopped: false,
    isStoppedAtOnce: false,
    isCanceled: false,
    isPassive: false,
    state,
  };
}

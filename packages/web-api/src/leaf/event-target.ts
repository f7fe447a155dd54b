// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** EventTarget of the DOM standard, for targets that have no parents; and the `on…` attributes of the HTML standard. */
import { captureFrame, type Frame, listenerFrame, replaceFrame } from "../async-context.ts";
import {
  MapCtor,
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectSetPrototypeOf,
  ReflectApply,
  TypeErrorCtor,
} from "../primordials.ts";
import { reportError } from "../report-error.ts";
import { addAbortAlgorithm } from "./abort-algorithms.ts";
import { cancelEvent, type Event, type EventSlots, eventSlots, isEvent } from "./event.ts";
import { domException } from "./make-dom-exception.ts";
import { finishInterface } from "./webidl.ts";
import { requireArguments, toDictionary, toDOMString } from "./webidl-convert.ts";

interface Listener {
  readonly type: string;
  readonly callback: object;
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  /** Where it was added: what it sees of an event of the platform. Null where no contexts are carried. */
  frame: Frame | null;
  isRemoved: boolean;
}

interface Handler {
  value: object;
  readonly listener: Listener;
}

/** What the platform does with targets of its own. */
export interface EventTargetAccess {
  /** Fires a trusted event. Answers false where a listener prevented its default. @param onThrown @default reportError */
  dispatch(target: EventTarget, event: Event, onThrown?: (reason: unknown) => void): boolean;
  hasListeners(target: EventTarget, type: string): boolean;
  /** Called at each listener that is added. */
  onListenerAdded(target: EventTarget, callback: (type: string) => void): void;
  getHandler(target: EventTarget, type: string): object | null;
  setHandler(target: EventTarget, type: string, value: unknown): void;
}

export let eventTargetAccess: EventTargetAccess;

export class EventTarget {
  #listeners: readonly Listener[] = [];
  #handlers: Map<string, Handler> | null = null;
  #onListenerAdded: ((type: string) => void) | null = null;
  /** A listener that captures was added at some time. */
  #mayCapture = false;

  static {
    eventTargetAccess = {
      dispatch: (target, event, onThrown = reportError) => target.#dispatch(event, true, onThrown),
      hasListeners: (target, type) => {
        for (let i = 0; i < target.#listeners.length; i++) if (target.#listeners[i]?.type === type) return true;
        return false;
      },
      onListenerAdded: (target, callback) => {
        target.#onListenerAdded = callback;
      },
      getHandler: (target, type) =>
        target.#handlers === null ? null : (MapPrototypeGet(target.#handlers, type)?.value ?? null),
      setHandler: (target, type, value) => target.#setHandler(type, value),
    };
  }

  addEventListener(type: unknown, callback: unknown, options: unknown = undefined): void {
    this.#listeners;
    requireArguments(arguments.length, 2, "EventTarget.addEventListener");
    const typeName = toDOMString(type);
    const listenerCallback = toCallback(callback, "EventTarget.addEventListener");
    let capture = false;
    let once = false;
    let passive = false;
    let signal: unknown;
    if (isPrimitive(options)) capture = !!options;
    else {
      const dictionary = toDictionary(options, "EventTarget.addEventListener");
      capture = !!dictionary.capture;
      once = !!dictionary.once;
      passive = !!dictionary.passive;
      signal = dictionary.signal;
    }
    const listener: Listener = {
      type: typeName,
      callback: listenerCallback as object,
      capture,
      once,
      passive,
      frame: listenerFrame(),
      isRemoved: false,
    };
    if (signal !== undefined) {
      const removal = addAbortAlgorithm(signal, () => this.#remove(listener));
      if (removal === undefined) throw new TypeErrorCtor("EventTarget.addEventListener: the signal is no AbortSignal");
      if (removal === "aborted") return;
    }
    if (listenerCallback !== null) this.#add(listener);
  }

  removeEventListener(type: unknown, callback: unknown, options: unknown = undefined): void {
    this.#listeners;
    requireArguments(arguments.length, 2, "EventTarget.removeEventListener");
    const typeName = toDOMString(type);
    const listenerCallback = toCallback(callback, "EventTarget.removeEventListener");
    const capture = isPrimitive(options)
      ? !!options
      : !!toDictionary(options, "EventTarget.removeEventListener").capture;
    const found = this.#find(typeName, listenerCallback, capture);
    if (found !== undefined) this.#remove(found);
  }

  dispatchEvent(event: unknown): boolean {
    this.#listeners;
    requireArguments(arguments.length, 1, "EventTarget.dispatchEvent");
    if (!isEvent(event)) throw new TypeErrorCtor("EventTarget.dispatchEvent: the argument is no Event");
    if (eventSlots(event).isDispatching) {
      throw domException("InvalidStateError", "The event is already being dispatched");
    }
    return this.#dispatch(event, false, reportError);
  }

  #find(type: string, callback: object | null, capture: boolean): Listener | undefined {
    for (let i = 0; i < this.#listeners.length; i++) {
      const listener = this.#listeners[i] as Listener;
      if (listener.type === type && listener.callback === callback && listener.capture === capture) return listener;
    }
    return undefined;
  }

  #add(listener: Listener): void {
    if (this.#find(listener.type, listener.callback, listener.capture) !== undefined) return;
    // Copied, so that a dispatch under way goes on over the listeners that there were.
    const listeners = copyWithout(this.#listeners, undefined);
    listeners[listeners.length] = listener;
    this.#listeners = listeners;
    if (listener.capture) this.#mayCapture = true;
    if (this.#onListenerAdded !== null) this.#onListenerAdded(listener.type);
  }

  #remove(listener: Listener): void {
    listener.isRemoved = true;
    this.#listeners = copyWithout(this.#listeners, listener);
  }

  #dispatch(event: Event, isTrusted: boolean, onThrown: (reason: unknown) => void): boolean {
    const slots = eventSlots(event);
    slots.isDispatching = true;
    slots.isTrusted = isTrusted;
    slots.target = this;
    const listeners = this.#listeners;
    if (this.#mayCapture) this.#invoke(event, slots, listeners, true, onThrown);
    this.#invoke(event, slots, listeners, false, onThrown);
    slots.isDispatching = false;
    slots.isStopped = false;
    slots.isStoppedAtOnce = false;
    return !slots.isCanceled;
  }

  #invoke(
    event: Event,
    slots: EventSlots,
    listeners: readonly Listener[],
    capture: boolean,
    onThrown: (reason: unknown) => void,
  ): void {
    if (slots.isStopped) return;
    const { type } = slots;
    const { length } = listeners;
    for (let i = 0; i < length; i++) {
      const listener = listeners[i] as Listener;
      if (listener.type !== type || listener.isRemoved || listener.capture !== capture) continue;
      if (slots.isStoppedAtOnce) return;
      if (listener.once) this.#remove(listener);
      slots.isPassive = listener.passive;
      // As in Node, a listener sees what its dispatcher sees. The platform sees nothing.
      const isLent = listener.frame !== null && slots.isTrusted && captureFrame() === undefined;
      const outer = isLent ? replaceFrame(listener.frame) : null;
      try {
        call(listener.callback, this, event);
      } catch (reason) {
        onThrown(reason);
      }
      if (isLent) replaceFrame(outer);
      slots.isPassive = false;
    }
  }

  #setHandler(type: string, value: unknown): void {
    const callback = typeof value === "object" || typeof value === "function" ? value : null;
    this.#handlers ??= new MapCtor();
    const existing = MapPrototypeGet(this.#handlers, type);
    if (callback === null) {
      if (existing === undefined) return;
      // Deactivated: set again, it is the last of the listeners.
      MapPrototypeDelete(this.#handlers, type);
      this.#remove(existing.listener);
      return;
    }
    if (existing !== undefined) {
      existing.value = callback;
      existing.listener.frame = listenerFrame();
      return;
    }
    const listener: Listener = {
      type,
      callback: (event: Event) => {
        if (typeof handler.value !== "function") return;
        if (ReflectApply(handler.value as () => unknown, this, [event]) === false) cancelEvent(eventSlots(event));
      },
      capture: false,
      once: false,
      passive: false,
      frame: listenerFrame(),
      isRemoved: false,
    };
    const handler: Handler = { value: callback, listener };
    MapPrototypeSet(this.#handlers, type, handler);
    this.#add(listener);
  }
}

finishInterface(EventTarget, "EventTarget");

/**
 * Adds the attribute `on<type>` to the prototype of an interface of event targets.
 *
 * @param requireBrand throws for what is no instance of that interface
 */
export function defineEventHandler(
  prototype: object,
  type: string,
  onSet: ((target: never) => void) | undefined,
  requireBrand: (target: never) => unknown,
): void {
  const name = `on${type}`;
  // An object literal's accessors, for the names that getters have.
  const accessors = {
    get [name](): object | null {
      requireBrand(this as never);
      return eventTargetAccess.getHandler(this as never, type);
    },
    set [name](value: unknown) {
      requireBrand(this as never);
      eventTargetAccess.setHandler(this as never, type, value);
      if (onSet !== undefined) onSet(this as never);
    },
  };
  const descriptor = ObjectGetOwnPropertyDescriptor(accessors, name) as PropertyDescriptor;
  ObjectDefineProperty(prototype, name, ObjectSetPrototypeOf(descriptor, null) as PropertyDescriptor);
}

function toCallback(value: unknown, operation: string): object | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== "object" && typeof value !== "function") {
    throw new TypeErrorCtor(`${operation}: the listener is neither a function nor an object`);
  }
  return value;
}

function call(callback: object, target: EventTarget, event: Event): void {
  if (typeof callback === "function") {
    ReflectApply(callback as () => void, target, [event]);
    return;
  }
  const { handleEvent } = callback as { handleEvent?: unknown };
  if (typeof handleEvent !== "function") throw new TypeErrorCtor("The listener's handleEvent is not a function");
  ReflectApply(handleEvent as () => void, callback, [event]);
}

/** What a union of a dictionary and a boolean takes for a boolean. */
function isPrimitive(value: unknown): boolean {
  return value !== undefined && value !== null && typeof value !== "object" && typeof value !== "function";
}

function copyWithout(listeners: readonly Listener[], left: Listener | undefined): Listener[] {
  // Without a prototype: what the app put on that of arrays would be called.
  const copy = ObjectSetPrototypeOf([], null) as Listener[];
  for (let i = 0; i < listeners.length; i++) {
    const listener = listeners[i] as Listener;
    if (listener !== left) copy[copy.length] = listener;
  }
  return copy;
}

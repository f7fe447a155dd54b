/** `node:diagnostics_channel` */
import { checkFunction } from "./node-error.guest.ts";

type Name = string | symbol;
type Subscriber = (message: unknown, name: Name) => void;
type Call = (this: unknown, ...args: unknown[]) => unknown;
interface Store {
  run(store: unknown, callback: () => unknown): unknown;
}

const channels = new Map<Name, Channel>();

export class Channel {
  readonly name: Name;
  #subscribers: readonly Subscriber[] = [];
  readonly #stores = new Map<Store, (data: unknown) => unknown>();

  constructor(name: Name) {
    this.name = name;
  }

  get hasSubscribers(): boolean {
    return this.#subscribers.length > 0 || this.#stores.size > 0;
  }

  subscribe(subscriber: Subscriber): void {
    checkFunction("subscription", subscriber);
    this.#subscribers = [...this.#subscribers, subscriber];
  }

  unsubscribe(subscriber: Subscriber): boolean {
    const at = this.#subscribers.indexOf(subscriber);
    if (at >= 0) this.#subscribers = this.#subscribers.toSpliced(at, 1);
    return at >= 0;
  }

  publish(message: unknown): void {
    for (const subscriber of this.#subscribers) {
      try {
        subscriber(message, this.name);
      } catch (reason) {
        // Whoever publishes does not hear of it, as in Node.
        queueMicrotask(() => {
          throw reason;
        });
      }
    }
  }

  bindStore(store: Store, transform: (data: unknown) => unknown = (data) => data): void {
    this.#stores.set(store, transform);
  }

  unbindStore(store: Store): boolean {
    return this.#stores.delete(store);
  }

  runStores(data: unknown, callback: Call, receiver?: unknown, ...args: unknown[]): unknown {
    const run = (): unknown => {
      this.publish(data);
      return Reflect.apply(callback, receiver, args);
    };
    let wrapped = run;
    for (const [store, transform] of this.#stores) {
      const inner = wrapped;
      wrapped = () => store.run(transform(data), inner);
    }
    return wrapped();
  }
}

export function channel(name: Name): Channel {
  const known = channels.get(name) ?? new Channel(name);
  channels.set(name, known);
  return known;
}

export function hasSubscribers(name: Name): boolean {
  return channels.get(name)?.hasSubscribers ?? false;
}

export function subscribe(name: Name, subscriber: Subscriber): void {
  channel(name).subscribe(subscriber);
}

export function unsubscribe(name: Name, subscriber: Subscriber): boolean {
  return channel(name).unsubscribe(subscriber);
}

const EVENTS = ["start", "end", "asyncStart", "asyncEnd", "error"] as const;
type Traced = Record<(typeof EVENTS)[number], Channel>;
type Context = Record<string, unknown>;

export class TracingChannel {
  declare readonly start: Channel;
  declare readonly end: Channel;
  declare readonly asyncStart: Channel;
  declare readonly asyncEnd: Channel;
  declare readonly error: Channel;

  constructor(nameOrChannels: string | Traced) {
    for (const event of EVENTS) {
      const value =
        typeof nameOrChannels === "string" ? channel(`tracing:${nameOrChannels}:${event}`) : nameOrChannels[event];
      Object.defineProperty(this, event, { value, enumerable: true });
    }
  }

  get hasSubscribers(): boolean {
    return EVENTS.some((event) => this[event].hasSubscribers);
  }

  subscribe(subscribers: Partial<Record<(typeof EVENTS)[number], Subscriber>>): void {
    for (const event of EVENTS) {
      const subscriber = subscribers[event];
      if (subscriber !== undefined) this[event].subscribe(subscriber);
    }
  }

  unsubscribe(subscribers: Partial<Record<(typeof EVENTS)[number], Subscriber>>): boolean {
    return EVENTS.map((event) => {
      const subscriber = subscribers[event];
      return subscriber === undefined || this[event].unsubscribe(subscriber);
    }).every(Boolean);
  }

  traceSync(callback: Call, context: Context = {}, receiver?: unknown, ...args: unknown[]): unknown {
    return this.start.runStores(context, () => this.#call(callback, context, receiver, args));
  }

  tracePromise(callback: Call, context: Context = {}, receiver?: unknown, ...args: unknown[]): unknown {
    return this.start.runStores(context, () => {
      const promise = Promise.resolve(this.#call(callback, context, receiver, args));
      return promise.then(
        (result) => {
          this.#settle(context, { result });
          return result;
        },
        (error: unknown) => {
          context.error = error;
          this.error.publish(context);
          this.#settle(context, {});
          throw error;
        },
      );
    });
  }

  /** @param position of the callback among the arguments */
  traceCallback(callback: Call, position = -1, context: Context = {}, receiver?: unknown, ...args: unknown[]): unknown {
    const original = args.at(position) as Call;
    checkFunction("callback", original);
    const settle = (error: unknown, result: unknown, rest: unknown[], self: unknown): unknown => {
      if (error) {
        context.error = error;
        this.error.publish(context);
      } else context.result = result;
      return this.asyncStart.runStores(context, () => {
        try {
          return Reflect.apply(original, self, [error, result, ...rest]);
        } finally {
          this.asyncEnd.publish(context);
        }
      });
    };
    function wrapped(this: unknown, error: unknown, result: unknown, ...rest: unknown[]): unknown {
      return settle(error, result, rest, this);
    }
    args.splice(position, 1, wrapped);
    return this.start.runStores(context, () => this.#call(callback, context, receiver, args));
  }

  #call(callback: Call, context: Context, receiver: unknown, args: unknown[]): unknown {
    try {
      const result = Reflect.apply(callback, receiver, args);
      if (!(result instanceof Promise)) context.result = result;
      return result;
    } catch (error) {
      context.error = error;
      this.error.publish(context);
      throw error;
    } finally {
      this.end.publish(context);
    }
  }

  #settle(context: Context, settled: Context): void {
    Object.assign(context, settled);
    this.asyncStart.publish(context);
    this.asyncEnd.publish(context);
  }
}

export function tracingChannel(nameOrChannels: string | Traced): TracingChannel {
  return new TracingChannel(nameOrChannels);
}

export default { Channel, channel, hasSubscribers, subscribe, unsubscribe, tracingChannel, TracingChannel };

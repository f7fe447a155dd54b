/**
 * Intl for apps that touch it while they initialise: each object is a stand-in (deferred.ts), so that it can be in a heap snapshot.
 *
 * I1 What an object was made of is read once, when it is made: the locales as canonical tags, the options as a record of what
 *    the engine read of them. So it is made again as it was, whatever became of the arguments. What is refused throws at once.
 * I2 The default locale and time zone are those of the process that makes the engine's object: after a restore, of that one.
 */
import {
  FunctionPrototypeBind,
  ObjectCreate,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectPrototypeHasOwnProperty,
  ObjectPrototypeIsPrototypeOf,
  ReflectApply,
  ReflectConstruct,
  ReflectOwnKeys,
} from "../primordials.ts";
import { copyMembers, copyProperty, defer, isDeferred, type Method, type Override, realOf } from "./deferred.ts";
import { overrideSegment } from "./deferred-segments.ts";
import { EngineIntl, ProxyCtor, ReflectGet } from "./intrinsics.ts";

type Constructor = (new (...args: unknown[]) => object) & { readonly prototype: object };
/** An engine's object, and how to make it again. */
interface Made {
  readonly real: object;
  readonly recipe: () => object;
}

const { getCanonicalLocales } = EngineIntl as unknown as { getCanonicalLocales(locales: unknown): string[] };

/** A namespace with the members of the engine's. Each class is made when it is first read: most apps read one. */
export function createDeferredIntl(): object {
  const namespace = {};
  const keys = ReflectOwnKeys(EngineIntl);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as PropertyKey;
    // An iterator over text that is in no standard, and whose place in the text cannot be set again.
    if (key === "v8BreakIterator") continue;
    const engine: unknown = ObjectGetOwnPropertyDescriptor(EngineIntl, key)?.value;
    if (typeof engine !== "function" || !ObjectPrototypeHasOwnProperty(engine, "prototype")) {
      copyProperty(namespace, EngineIntl, key);
      continue;
    }
    const access: unknown = FunctionPrototypeBind(accessClass, undefined, namespace, key, engine);
    ObjectDefineProperty(namespace, key, { __proto__: null, get: access, set: access, configurable: true } as never);
  }
  return namespace;
}

/** Getter and setter of a class that was not read yet; from then on it is a plain property. */
function accessClass(namespace: object, key: string, engine: Constructor, value?: unknown): unknown {
  // biome-ignore lint/complexity/noArguments: `undefined` is a value that can be set
  const settled = arguments.length === 3 ? createClass(key, engine) : value;
  ObjectDefineProperty(namespace, key, {
    __proto__: null,
    value: settled,
    enumerable: false,
    writable: true,
    configurable: true,
  } as never);
  return settled;
}

function createClass(key: string, engine: Constructor): Constructor {
  switch (key) {
    case "Collator":
    case "DateTimeFormat":
    case "NumberFormat":
      return deferClass(engine, { make: makeByLocales, isCallable: true });
    case "Locale":
      return createLocale(engine);
    case "Segmenter":
      return deferClass(engine, { make: makeByLocales, override: overrideSegment });
    default:
      return deferClass(engine, { make: makeByLocales });
  }
}

interface ClassOptions {
  readonly make: (engine: Constructor, args: readonly unknown[]) => Made;
  /** Whether it makes an object without `new` as well. @default false */
  readonly isCallable?: boolean;
  readonly override?: Override;
}

function deferClass(engine: Constructor, { make, isCallable, override }: ClassOptions): Constructor {
  const ctor = function (this: unknown, ...args: unknown[]): object {
    let target = this as object;
    if (new.target === undefined) {
      // Throws what the engine throws.
      if (isCallable !== true) return ReflectApply(engine as never, undefined, args) as object;
      // A constructor from before there were classes calls with its own object: `Intl.NumberFormat.call(this)`.
      if (!ObjectPrototypeIsPrototypeOf(ctor.prototype, target) || isDeferred(target))
        target = ObjectCreate(ctor.prototype);
    }
    const { real, recipe } = make(engine, args);
    defer(target, recipe, real);
    return target;
  } as unknown as Constructor;
  const statics = ReflectOwnKeys(engine);
  for (let i = 0; i < statics.length; i++) {
    // The engine's own functions: they make no objects that would have to be deferred, and do not look at `this`.
    if (statics[i] !== "prototype") copyProperty(ctor, engine, statics[i] as PropertyKey);
  }
  ObjectDefineProperty(ctor, "prototype", { __proto__: null, writable: false } as never);
  copyMembers(ctor.prototype, engine.prototype, override);
  return ctor;
}

/** Of `(locales, options)`, as all but Locale are. */
function makeByLocales(engine: Constructor, args: readonly unknown[]): Made {
  const tags = getCanonicalLocales(realOf(args[0]));
  const options: unknown = args[1];
  if ((typeof options !== "object" && typeof options !== "function") || options === null) {
    const recipe = (): object => ReflectConstruct(engine, [tags, options]);
    return { real: recipe(), recipe };
  }
  const record: Record<PropertyKey, unknown> = { __proto__: null } as never;
  const recorder = new ProxyCtor(options, {
    __proto__: null,
    get: (target: object, key: PropertyKey) => {
      const value: unknown = ReflectGet(target, key);
      record[key] = value;
      return value;
    },
  } as never);
  return {
    real: ReflectConstruct(engine, [tags, recorder]),
    recipe: () => ReflectConstruct(engine, [tags, record]),
  };
}

/** Locale, whose state is its tag. */
function createLocale(engine: Constructor): Constructor {
  const tagOf = engine.prototype.toString;
  const remake = (real: object): Made => {
    const tag: unknown = ReflectApply(tagOf, real, []);
    return { real, recipe: () => ReflectConstruct(engine, [tag]) };
  };
  const make = (_engine: Constructor, args: readonly unknown[]): Made =>
    remake(ReflectConstruct(engine, [realOf(args[0]), args[1]]));
  // Those that answer another locale.
  const override: Override = (key, method) =>
    key === "maximize" || key === "minimize"
      ? {
          call(this: unknown): object {
            const { real, recipe } = remake(ReflectApply(method as Method, realOf(this), []) as object);
            const locale = ObjectCreate(ctor.prototype) as object;
            defer(locale, recipe, real);
            return locale;
          },
        }.call
      : undefined;
  const ctor = deferClass(engine, { make, override });
  // The engine's methods that take locales (`toLocaleString`, `localeCompare`) know a locale by its slot, and anything else as a
  // list: so a stand-in is a list of one tag.
  const asList = {
    get length(): number | undefined {
      return isDeferred(this) ? 1 : undefined;
    },
    get 0(): unknown {
      return isDeferred(this) ? ReflectApply(tagOf, realOf(this), []) : undefined;
    },
  };
  hideIn(ctor.prototype, asList, "length");
  hideIn(ctor.prototype, asList, "0");
  return ctor;
}

function hideIn(target: object, model: object, key: string): void {
  const get = ObjectGetOwnPropertyDescriptor(model, key)?.get;
  ObjectDefineProperty(target, key, { __proto__: null, get, enumerable: false, configurable: true } as never);
}

/** What `Intl.Segmenter.prototype.segment` answers, and its iterators: they hold objects of the engine too. */
import { IteratorPrototype, ObjectCreate, ObjectGetPrototypeOf, ReflectApply, SymbolIterator } from "../primordials.ts";
import { copyMembers, defer, type Method, type Override, realOf, step } from "./deferred.ts";

/** Made with the first of their kind: an engine's object is needed to find what they are copied from. */
let segmentsPrototype: object | undefined;
let iteratorPrototype: object | undefined;

export const overrideSegment: Override = (key, method) =>
  key === "segment"
    ? {
        call(this: unknown, input: unknown): object {
          const text = `${input as string}`;
          const recipe = (): object => ReflectApply(method, realOf(this), [text] as never) as object;
          const real = recipe();
          segmentsPrototype ??= copyPrototype(real, {}, overrideIterator);
          return deferNew(segmentsPrototype, recipe, real);
        },
      }.call
    : undefined;

const overrideIterator: Override = (key, method) =>
  key === SymbolIterator
    ? {
        call(this: unknown): object {
          const start = (): object => ReflectApply(method, realOf(this), []) as object;
          const real = start();
          const { next } = real as { next: Method };
          iteratorPrototype ??= copyPrototype(real, ObjectCreate(IteratorPrototype) as object, overrideNext);
          const recipe = (steps: number): object => {
            const iterator = start();
            for (let i = 0; i < steps; i++) ReflectApply(next, iterator, []);
            return iterator;
          };
          return deferNew(iteratorPrototype, recipe, real);
        },
      }.call
    : undefined;

const overrideNext: Override = (key, method) =>
  key === "next"
    ? {
        call(this: unknown): unknown {
          const result = ReflectApply(method, realOf(this), []);
          step(this);
          return result;
        },
      }.call
    : undefined;

function copyPrototype(real: object, target: object, override: Override): object {
  copyMembers(target, ObjectGetPrototypeOf(real) as object, override);
  return target;
}

function deferNew(prototype: object, recipe: (steps: number) => object, real: object): object {
  const target = ObjectCreate(prototype) as object;
  defer(target, recipe, real);
  return target;
}

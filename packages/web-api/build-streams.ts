/**
 * Puts the internal slots of web-streams-polyfill, which it keeps as properties, out of the reach of tenant code, and takes from it what
 * costs or deviates.
 *
 * The polyfill becomes the static block of a class with one private field: a record of slots, stamped on each object that has some. So a
 * slot is neither seen nor set from outside, a brand is what it is in the standard, and slots have short names.
 *
 * I1 A form of the polyfill that this does not know fails the build: nothing is left as it was.
 */

/** The module of the package that is bundled. */
export const POLYFILL = "web-streams-polyfill/dist/ponyfill.js";

/** Fields and methods of objects that tenant code never sees: queues, requests to read, the state of a pipe. */
const INTERNAL_NAMES = new Set(
  [
    "_back _chunkSteps _closeSteps _currentWrite _cursor _elements _errorSteps _front _isFinished _iterator _next _nextSteps _ongoingPromise",
    "_preventCancel _promise _reason _reject _rejectPromise _resolve _resolvePromise _returnSteps _shuttingDown _size _waitForWritesToFinish",
    "_wasAlreadyErroring",
  ].flatMap((names) => names.split(" ")),
);

const SLOT_READ = /\._(\w+)/g;
const BRAND = /Object\.prototype\.hasOwnProperty\.call\((\w+),"(_\w+)"\)(&&\1 instanceof \w+)?/g;
/** Of a class, but of those whose constructors only throw. */
const CONSTRUCTOR = /\bclass (\w+)\{constructor\((?:[^(){}]|\{\})*\)\{(?!throw)/g;
/** Classes of the polyfill's own have names of one or two letters. */
const SHORTEST_INTERFACE_NAME = 5;
/** Where a callback of a source, a sink, a transformer or a strategy is checked before it is kept. */
const CALLBACK = /\{return \$\(e,(\w)\),/g;
const CREATE = /Object\.create\((?!Error\.prototype)([\w.]+)\)/g;

/** Pieces of the text that are replaced, each of which stands in it once. */
const CHANGES: readonly (readonly [what: string, from: string | RegExp, to: string])[] = [
  [
    "the exception of a pipe that is aborted: signals have a reason, and looking for the class would make it",
    /const br=function\(\)\{.*?\}\(\);function hr\(/s,
    "function hr(",
  ],
  ["the reason of a signal", 'void 0!==i.reason?i.reason:new br("Aborted","AbortError")', "$hooks.reasonOf(i)"],
  ["a variable for what removes the listener", "let S;if(void 0!==i){if(S=", "let S,$off;if(void 0!==i){if(S="],
  [
    "an algorithm in place of a listener",
    'i.aborted)return void S();i.addEventListener("abort",S)}',
    '($off=$hooks.onAbort(i,S))==="aborted")return void S()}',
  ],
  ["its removal", 'void 0!==i&&i.removeEventListener("abort",S)', '"function"==typeof $off&&$off()'],
  ["the brand of AbortSignal", 'try{return"boolean"==typeof e.aborted}catch(e){return!1}', "return $hooks.isSignal(e)"],
  [
    "a controller's signal, made when somebody asks for it",
    't._abortController=function(){if("function"==typeof AbortController)return new AbortController}()',
    "t._abortController=void 0,t._isAborted=!1",
  ],
  [
    "its signal",
    'if(void 0===this._abortController)throw new TypeError("WritableStreamDefaultController.prototype.signal is not supported");return this._abortController.signal',
    "if(void 0===this._abortController){this._abortController=$hooks.createSignal();if(this._isAborted)$hooks.abort(this._abortController,this._abortReason)}return this._abortController",
  ],
  [
    "its abort",
    "e._writableStreamController._abortReason=t,null===(r=e._writableStreamController._abortController)||void 0===r||r.abort(t)",
    "e._writableStreamController._abortReason=t,e._writableStreamController._isAborted=!0,void 0!==(r=e._writableStreamController._abortController)&&$hooks.abort(r,t)",
  ],
  [
    "a reason that is a string",
    "return f(\"Parameter 1 is required in 'pipeTo'.\")",
    "return f(new TypeError(\"Parameter 1 is required in 'pipeTo'.\"))",
  ],
  [
    "what the standard does not have",
    'get abortReason(){if(!Nt(this))throw er("abortReason");return this._abortReason}',
    "",
  ],
  ["its descriptor", "abortReason:{enumerable:!0},", ""],
  ["a transformer that is null", "{void 0===e&&(e=null);const o=St(t,", '{M(e,"First parameter");const o=St(t,'],
  ["the iterator's own Symbol.asyncIterator, which it inherits", ",[me](){return this}}", "}"],
  [
    "its prototype",
    "Object.defineProperty(ve,me,{enumerable:!1})",
    "Object.setPrototypeOf(ve,Object.getPrototypeOf(Object.getPrototypeOf(async function*(){}).prototype))",
  ],
];

/** What streams.ts finds beside the interfaces. */
const EXPORTS = `const $hooks=exports.hooks={};
exports.slots={isReadable:(o)=>$has(o,"_readableStreamController"),isWritable:(o)=>$has(o,"_writableStreamController"),isTransform:(o)=>$has(o,"_transformStreamController"),
isDisturbed:(o)=>o._disturbed,isReadableLocked:(o)=>void 0!==o._reader,isWritableLocked:(o)=>void 0!==o._writer,readableOf:(o)=>o._readable,writableOf:(o)=>o._writable,
createTransform:(readable,writable)=>{const o=Object.create(exports.TransformStream.prototype);o._transformStreamController=void 0;o._readable=readable;o._writable=writable;return o}};`;

/** @throws where the polyfill is not of the form that this knows */
export function hideSlots(source: string): string {
  let text = EXPORTS + source;
  for (const [what, from, to] of CHANGES) {
    const parts = text.split(from);
    if (parts.length !== 2) throw new Error(`The polyfill has ${parts.length - 1} of ${what}`);
    text = parts.join(to);
  }
  if (!CALLBACK.test(text)) throw new Error("The polyfill checks its callbacks in an unknown form");
  // Each is called with the stores of AsyncLocalStorage that there were when its stream was made.
  text = text.replace(CALLBACK, "{return $(e,$1),e=$hooks.carry(e),");
  for (const name of INTERNAL_NAMES) {
    if (!text.includes(name)) throw new Error(`The polyfill has no ${name}`);
  }
  const shortNames = new Map<string, string>();
  const shortName = (name: string): string => {
    const known = shortNames.get(name) ?? `_${shortNames.size.toString(36)}`;
    shortNames.set(name, known);
    return known;
  };
  text = text
    .replace(BRAND, (_all, object: string, name: string) => `$has(${object},"${name}")`)
    .replace(/\$has\((\w+),"(_\w+)"\)/g, (_all, object: string, name: string) => `$has(${object},"${shortName(name)}")`)
    .replace(CREATE, "$stamp(Object.create($1))")
    .replace(SLOT_READ, (all, name: string) => (INTERNAL_NAMES.has(`_${name}`) ? all : `.#s.${shortName(`_${name}`)}`));
  if (text.includes("hasOwnProperty")) throw new Error("The polyfill has a brand check of an unknown form");
  text = stampInConstructors(text);
  // A record that inherits from nothing: what tenant code puts on Object.prototype is in no slot.
  return `class $Given{constructor(object){return object}}
const $Slots=function(){};$Slots.prototype=Object.create(null);
class $Stamped extends $Given{#s=new $Slots;static{
const $stamp=(object)=>{new $Stamped(object);return object},$has=(object,name)=>"object"==typeof object&&null!==object&&#s in object&&name in object.#s;
${text}}}`;
}

/** Gives the objects of a class slots before its constructor uses them: those of interfaces, and of what has such slots beside its own. */
function stampInConstructors(text: string): string {
  return text.replace(CONSTRUCTOR, (head: string, name: string, at: number) => {
    const body = text.slice(at, closingOf(text, at + head.indexOf("{")));
    return name.length >= SHORTEST_INTERFACE_NAME || body.includes("this.#s.") ? `${head}$stamp(this);` : head;
  });
}

/** The place of the brace that closes the one at `start`: strings of the polyfill have none without its pair. */
function closingOf(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  throw new Error("The polyfill has a class that is not closed");
}

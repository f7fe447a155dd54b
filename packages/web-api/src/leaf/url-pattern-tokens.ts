/** The tokenizer of the URL Pattern standard. */
import { StringPrototypeSlice, TypeErrorCtor } from "../primordials.ts";
import { RegExpPrototypeExec, StringPrototypeCodePointAt } from "./intrinsics.ts";

export type TokenType =
  | "open"
  | "close"
  | "regexp"
  | "name"
  | "char"
  | "escaped-char"
  | "other-modifier"
  | "asterisk"
  | "end"
  | "invalid-char";

export interface Token {
  readonly type: TokenType;
  /** Where it begins in the input. */
  readonly index: number;
  /** Without what introduces it: a name without its ":", a regular expression without its parentheses. */
  readonly value: string;
}

/** What the tokenizer has of the input, in UTF-16 code units. */
interface Tokenizer {
  readonly input: string;
  /** Refuses what is malformed; a constructor string is taken apart before that, and leniently. */
  readonly isStrict: boolean;
  readonly tokens: Token[];
  /** Of the token that is being read. */
  index: number;
}

const ASTERISK = 0x2a;
const BACKSLASH = 0x5c;
const CLOSING_PARENTHESIS = 0x29;
const COLON = 0x3a;
const OPENING_BRACE = 0x7b;
const OPENING_PARENTHESIS = 0x28;
const PLUS = 0x2b;
const QUESTION_MARK = 0x3f;
const CLOSING_BRACE = 0x7d;
const LAST_ASCII = 0x7f;
const LAST_OF_ONE_UNIT = 0xffff;

/** Of a malformed pattern, in its error. */
const SHOWN_UNITS = 32;

const NAME_START = /^[$_\p{ID_Start}]/u;
const NAME_PART = /^(?:[$\u200c]|\u200d|\p{ID_Continue})/u;

/** @throws TypeError for what is malformed, where `isStrict` */
export function tokenize(input: string, isStrict: boolean): readonly Token[] {
  const tokenizer: Tokenizer = { input, isStrict, tokens: [], index: 0 };
  while (tokenizer.index < input.length) readToken(tokenizer);
  addToken(tokenizer, { type: "end", start: input.length, end: input.length, next: input.length });
  return tokenizer.tokens;
}

/** Whether a name may begin with it, or go on with it. @param text only its first code point counts */
export function isNameCodePoint(text: string, isFirst: boolean): boolean {
  return RegExpPrototypeExec(isFirst ? NAME_START : NAME_PART, text) !== null;
}

/** Where a token's value stands, and where the next one begins. */
interface Scanned {
  readonly type: TokenType;
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

function readToken(tokenizer: Tokenizer): void {
  const { input, index, isStrict } = tokenizer;
  const scanned = scanToken(input, index);
  if (scanned !== null) addToken(tokenizer, scanned);
  else if (isStrict) {
    throw new TypeErrorCtor(
      `URLPattern: the pattern is malformed at "${StringPrototypeSlice(input, index, index + SHOWN_UNITS)}"`,
    );
  } else addToken(tokenizer, { type: "invalid-char", start: index, end: index + 1, next: index + 1 });
}

/** Null where it is malformed: it begins with one of `\:(`, all of one unit. */
function scanToken(input: string, index: number): Scanned | null {
  const codePoint = codePointAt(input, index);
  const next = index + unitsOf(codePoint);
  switch (codePoint) {
    case ASTERISK:
      return { type: "asterisk", start: index, end: next, next };
    case PLUS:
    case QUESTION_MARK:
      return { type: "other-modifier", start: index, end: next, next };
    case OPENING_BRACE:
      return { type: "open", start: index, end: next, next };
    case CLOSING_BRACE:
      return { type: "close", start: index, end: next, next };
    case BACKSLASH: {
      if (next === input.length) return null;
      const end = next + unitsOf(codePointAt(input, next));
      return { type: "escaped-char", start: next, end, next: end };
    }
    case COLON: {
      const end = endOfName(input, next);
      return end === next ? null : { type: "name", start: next, end, next: end };
    }
    case OPENING_PARENTHESIS: {
      const end = endOfRegExp(input, next);
      return end === -1 ? null : { type: "regexp", start: next, end, next: end + 1 };
    }
    default:
      return { type: "char", start: index, end: next, next };
  }
}

function endOfName(input: string, start: number): number {
  let at = start;
  while (at < input.length) {
    const end = at + unitsOf(codePointAt(input, at));
    if (!isNameCodePoint(StringPrototypeSlice(input, at, end), at === start)) break;
    at = end;
  }
  return at;
}

/** Where the ")" stands that closes what began before `start`, or -1: it does not close, is empty, captures, or is not of ASCII. */
function endOfRegExp(input: string, start: number): number {
  if (codePointAt(input, start) === QUESTION_MARK) return -1;
  let depth = 1;
  for (let at = start; at < input.length; at++) {
    const unit = codePointAt(input, at);
    if (unit > LAST_ASCII) return -1;
    if (unit === BACKSLASH) {
      at++;
      if (at === input.length || codePointAt(input, at) > LAST_ASCII) return -1;
    } else if (unit === CLOSING_PARENTHESIS) {
      depth--;
      if (depth === 0) return at === start ? -1 : at;
    } else if (unit === OPENING_PARENTHESIS) {
      // Groups of its own would shift the numbers of the pattern's.
      if (codePointAt(input, at + 1) !== QUESTION_MARK) return -1;
      depth++;
    }
  }
  return -1;
}

function addToken(tokenizer: Tokenizer, { type, start, end, next }: Scanned): void {
  const { input, tokens, index } = tokenizer;
  tokens[tokens.length] = { type, index, value: StringPrototypeSlice(input, start, end) };
  tokenizer.index = next;
}

/** -1 beyond the end. */
function codePointAt(input: string, index: number): number {
  return StringPrototypeCodePointAt(input, index) ?? -1;
}

function unitsOf(codePoint: number): 1 | 2 {
  return codePoint > LAST_OF_ONE_UNIT ? 2 : 1;
}

/** Parses the pattern of one component into parts, as the URL Pattern standard has it. */
import { TypeErrorCtor } from "../primordials.ts";
import { SetCtor, SetPrototypeAdd, SetPrototypeHas } from "./intrinsics.ts";
import { type Token, type TokenType, tokenize } from "./url-pattern-tokens.ts";

export type Modifier = "" | "?" | "*" | "+";

export interface Part {
  readonly type: "fixed-text" | "regexp" | "segment-wildcard" | "full-wildcard";
  /** Text, already canonical, or a regular expression; empty for wildcards. */
  readonly value: string;
  readonly modifier: Modifier;
  /** Empty for text. A decimal number where the pattern gives none. */
  readonly name: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** What a component's segments end at, and what may stand before a group and belong to it: one ASCII character, or nothing. */
export interface ComponentSyntax {
  readonly delimiter: "" | "." | "/";
  readonly prefix: "" | "/";
}

/** Makes a part of a component's text canonical. @throws TypeError where it can be no part of one */
export type Canonicalize = (text: string) => string;

export const FULL_WILDCARD = ".*";

export function segmentWildcardOf({ delimiter }: ComponentSyntax): string {
  return delimiter === "" ? "[^]+?" : `[^\\${delimiter}]+?`;
}

/** @throws TypeError where the pattern is malformed, or a part of its text is not allowed in the component */
export function parsePattern(pattern: string, syntax: ComponentSyntax, canonicalize: Canonicalize): readonly Part[] {
  return new PatternParser(tokenize(pattern, true), syntax, canonicalize).parse();
}

/** What a group is made of. */
interface Group {
  readonly prefix: string;
  readonly name: Token | null;
  readonly matcher: Token | null;
  readonly suffix: string;
}

class PatternParser {
  readonly #tokens: readonly Token[];
  readonly #syntax: ComponentSyntax;
  readonly #canonicalize: Canonicalize;
  readonly #parts: Part[] = [];
  readonly #names = new SetCtor<string>();
  #index = 0;
  /** Text that is not yet a part. */
  #text = "";
  #nextNumber = 0;

  constructor(tokens: readonly Token[], syntax: ComponentSyntax, canonicalize: Canonicalize) {
    this.#tokens = tokens;
    this.#syntax = syntax;
    this.#canonicalize = canonicalize;
  }

  parse(): readonly Part[] {
    while (this.#index < this.#tokens.length) this.#parseNext();
    return this.#parts;
  }

  #parseNext(): void {
    const char = this.#take("char");
    const name = this.#take("name");
    const matcher = this.#takeMatcher(name);
    if (name !== null || matcher !== null) {
      let prefix = char?.value ?? "";
      if (prefix !== this.#syntax.prefix) {
        this.#text += prefix;
        prefix = "";
      }
      this.#addText();
      this.#addGroup({ prefix, name, matcher, suffix: "" }, this.#takeModifier());
      return;
    }
    const text = char ?? this.#take("escaped-char");
    if (text !== null) this.#text += text.value;
    else if (this.#take("open") !== null) this.#parseBraces();
    else {
      this.#addText();
      this.#demand("end");
    }
  }

  #parseBraces(): void {
    const prefix = this.#takeText();
    const name = this.#take("name");
    const matcher = this.#takeMatcher(name);
    const suffix = this.#takeText();
    this.#demand("close");
    this.#addGroup({ prefix, name, matcher, suffix }, this.#takeModifier());
  }

  #addGroup({ prefix, name, matcher, suffix }: Group, modifier: Modifier): void {
    if (name === null && matcher === null) {
      if (modifier === "") {
        this.#text += prefix;
        return;
      }
      this.#addText();
      if (prefix !== "") this.#add({ type: "fixed-text", value: this.#canonicalize(prefix), modifier });
      return;
    }
    this.#addText();
    const segmentWildcard = segmentWildcardOf(this.#syntax);
    const value = matcher === null ? segmentWildcard : matcher.type === "asterisk" ? FULL_WILDCARD : matcher.value;
    const type = value === segmentWildcard ? "segment-wildcard" : value === FULL_WILDCARD ? "full-wildcard" : "regexp";
    this.#add({
      type,
      value: type === "regexp" ? value : "",
      modifier,
      name: this.#claimName(name),
      prefix: this.#canonicalize(prefix),
      suffix: this.#canonicalize(suffix),
    });
  }

  #claimName(token: Token | null): string {
    const name = token === null ? `${this.#nextNumber++}` : token.value;
    if (SetPrototypeHas(this.#names, name)) {
      throw new TypeErrorCtor(`URLPattern: two groups of a component have the name "${name}"`);
    }
    SetPrototypeAdd(this.#names, name);
    return name;
  }

  /** What was collected becomes a part. */
  #addText(): void {
    if (this.#text === "") return;
    const value = this.#canonicalize(this.#text);
    this.#text = "";
    this.#add({ type: "fixed-text", value, modifier: "" });
  }

  #add({
    type,
    value,
    modifier,
    name = "",
    prefix = "",
    suffix = "",
  }: Pick<Part, "type" | "value" | "modifier"> & Partial<Part>): void {
    this.#parts[this.#parts.length] = { type, value, modifier, name, prefix, suffix };
  }

  #take(type: TokenType): Token | null {
    const token = this.#tokens[this.#index];
    if (token === undefined || token.type !== type) return null;
    this.#index++;
    return token;
  }

  /** A "*" that follows a name is its modifier. */
  #takeMatcher(name: Token | null): Token | null {
    return this.#take("regexp") ?? (name === null ? this.#take("asterisk") : null);
  }

  #takeModifier(): Modifier {
    const token = this.#take("other-modifier") ?? this.#take("asterisk");
    return token === null ? "" : (token.value as Modifier);
  }

  #takeText(): string {
    let text = "";
    for (;;) {
      const token = this.#take("char") ?? this.#take("escaped-char");
      if (token === null) return text;
      text += token.value;
    }
  }

  #demand(type: TokenType): void {
    if (this.#take(type) !== null) return;
    throw new TypeErrorCtor(`URLPattern: the pattern is malformed at "${this.#tokens[this.#index]?.value ?? ""}"`);
  }
}

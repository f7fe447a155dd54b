/** The constructor string parser of the URL Pattern standard: takes a pattern that is written as a URL apart. */
import { StringPrototypeSlice } from "../primordials.ts";
import { canonicalizeProtocol } from "./url-pattern-canonical.ts";
import { compileComponent, DEFAULT_SYNTAX, matchesSpecialScheme } from "./url-pattern-component.ts";
import { emptyParts, type UrlParts, type UrlPatternInit } from "./url-pattern-init.ts";
import { type Token, tokenize } from "./url-pattern-tokens.ts";

type State = "init" | "authority" | keyof UrlParts | "done";

/** In the order in which a URL has them. */
const ORDER: readonly State[] = [
  "init",
  "protocol",
  "authority",
  "username",
  "password",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
  "done",
];

/** @throws TypeError where its protocol is malformed: of what follows, nothing is compiled here */
export function parsePatternString(input: string): UrlPatternInit {
  return new PatternStringParser(input).parse();
}

class PatternStringParser {
  readonly #input: string;
  readonly #tokens: readonly Token[];
  readonly #result: UrlPatternInit = emptyParts();
  #state: State = "init";
  #index = 0;
  /** How far the next turn goes: not at all after a change of state, which has moved. */
  #step = 1;
  #componentStart = 0;
  #groupDepth = 0;
  #bracketDepth = 0;
  #isSpecial = false;

  constructor(input: string) {
    this.#input = input;
    this.#tokens = tokenize(input, false);
  }

  parse(): UrlPatternInit {
    while (this.#index < this.#tokens.length) {
      this.#step = 1;
      const { type } = this.#tokenAt(this.#index);
      if (type === "end") {
        if (this.#isOver()) break;
      } else if (type === "open") this.#groupDepth++;
      else if (this.#groupDepth > 0) {
        if (type === "close") this.#groupDepth--;
      } else this.#parseToken();
      this.#index += this.#step;
    }
    // Who names a host and no port means the default one.
    if (this.#result.hostname !== undefined) this.#result.port ??= "";
    return this.#result;
  }

  /** At the end: what was read so far may have been something else. */
  #isOver(): boolean {
    if (this.#state === "init") {
      this.#rewind("init");
      if (this.#is("#")) this.#enter("hash", 1);
      else if (this.#isSearchPrefix()) this.#enter("search", 1);
      else this.#enter("pathname", 0);
      return false;
    }
    if (this.#state === "authority") {
      this.#rewind("hostname");
      return false;
    }
    this.#enter("done", 0);
    return true;
  }

  #parseToken(): void {
    switch (this.#state) {
      case "init":
        if (this.#is(":")) this.#rewind("protocol");
        break;
      case "protocol":
        if (this.#is(":")) this.#endProtocol();
        break;
      case "authority":
        if (this.#is("@")) this.#rewind("username");
        else if (this.#is("/") || this.#isSearchPrefix() || this.#is("#")) this.#rewind("hostname");
        break;
      case "username":
        if (this.#is(":")) this.#enter("password", 1);
        else if (this.#is("@")) this.#enter("hostname", 1);
        break;
      case "password":
        if (this.#is("@")) this.#enter("hostname", 1);
        break;
      case "hostname":
        if (this.#is("[")) this.#bracketDepth++;
        else if (this.#is("]")) this.#bracketDepth--;
        else if (this.#is(":") && this.#bracketDepth === 0) this.#enter("port", 1);
        else this.#enterPath();
        break;
      case "port":
        this.#enterPath();
        break;
      case "pathname":
        this.#enterSearch();
        break;
      case "search":
        if (this.#is("#")) this.#enter("hash", 1);
        break;
      default:
        break;
    }
  }

  #enterPath(): void {
    if (this.#is("/")) this.#enter("pathname", 0);
    else this.#enterSearch();
  }

  #enterSearch(): void {
    if (this.#isSearchPrefix()) this.#enter("search", 1);
    else if (this.#is("#")) this.#enter("hash", 1);
  }

  #endProtocol(): void {
    const component = compileComponent(this.#component(), {
      syntax: DEFAULT_SYNTAX,
      canonicalize: canonicalizeProtocol,
      ignoreCase: false,
    });
    this.#isSpecial = matchesSpecialScheme(component);
    if (this.#is("/", 1) && this.#is("/", 2)) this.#enter("authority", 3);
    else this.#enter(this.#isSpecial ? "authority" : "pathname", 1);
  }

  /** The component that was read ends here, and another begins `skip` tokens on. */
  #enter(state: State, skip: number): void {
    const from = this.#state;
    if (from !== "init" && from !== "authority" && from !== "done") this.#result[from] = this.#component();
    // What is left out before what is named is empty, and not whatever it may be.
    if (from !== "init" && state !== "done") {
      const left = indexOf(from);
      const entered = indexOf(state);
      const passes = (member: State): boolean => left < indexOf(member) && entered > indexOf(member);
      if (passes("hostname")) this.#result.hostname ??= "";
      if (passes("pathname")) this.#result.pathname ??= this.#isSpecial ? "/" : "";
      if (passes("search")) this.#result.search ??= "";
    }
    this.#state = state;
    this.#index += skip;
    this.#componentStart = this.#index;
    this.#step = 0;
  }

  /** Back to where the component began, which was of another kind than it seemed. */
  #rewind(state: State): void {
    this.#state = state;
    this.#index = this.#componentStart;
    this.#step = 0;
  }

  #component(): string {
    return StringPrototypeSlice(
      this.#input,
      this.#tokenAt(this.#componentStart).index,
      this.#tokenAt(this.#index).index,
    );
  }

  /** Whether a token stands for that character itself. */
  #is(unit: string, offset = 0): boolean {
    const { type, value } = this.#tokenAt(this.#index + offset);
    return value === unit && (type === "char" || type === "escaped-char" || type === "invalid-char");
  }

  /** A "?" after what may be optional is a modifier. */
  #isSearchPrefix(): boolean {
    if (this.#is("?")) return true;
    if (this.#tokenAt(this.#index).value !== "?") return false;
    if (this.#index === 0) return true;
    const { type } = this.#tokenAt(this.#index - 1);
    return type !== "name" && type !== "regexp" && type !== "close" && type !== "asterisk";
  }

  #tokenAt(index: number): Token {
    return this.#tokens[index < this.#tokens.length ? index : this.#tokens.length - 1] as Token;
  }
}

function indexOf(state: State): number {
  let index = 0;
  while (ORDER[index] !== state) index++;
  return index;
}

// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** URL of the URL standard. The host parses and sets; the members are read out of the record, see `url-record.ts`. */
import { HostOp } from "../boundary.ts";
import { callHost } from "../host.ts";
import {
  ObjectGetOwnPropertyDescriptor,
  ReflectApply,
  StringPrototypeCharCodeAt,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  TypeErrorCtor,
} from "../primordials.ts";
import { parseUrlRecord, type RecordScanner, type UrlRecord, type UrlSetMember } from "./url-record.ts";
import type { URLSearchParams } from "./url-search-params.ts";
import { finishInterface } from "./webidl.ts";
import { requireArguments, toUSVString } from "./webidl-convert.ts";

interface Modules {
  "./object-urls.ts": typeof import("./object-urls.ts");
  "./url-search-params.ts": typeof import("./url-search-params.ts");
}
// The build turns this into the call of the module's wrapper: most URLs are never asked for their params.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

const scanner: RecordScanner = { indexOf: StringPrototypeIndexOf, charCodeAt: StringPrototypeCharCodeAt };

/** In place of the first argument: the second is a serialised URL. Held here alone, so nobody else can pass it. */
const SERIALIZED = Symbol();

export class URL {
  #href: string;
  #record: UrlRecord | null = null;
  #searchParams: URLSearchParams | null = null;

  constructor(url: unknown, base: unknown = undefined) {
    if (url === SERIALIZED) {
      this.#href = base as string;
      return;
    }
    requireArguments(arguments.length, 1, "new URL");
    const input = toUSVString(url);
    const baseInput = base === undefined ? undefined : toUSVString(base);
    const href = callHost(HostOp.URL_PARSE, 0, input, baseInput);
    if (typeof href !== "string") throw new TypeErrorCtor(`Invalid URL: ${input}`);
    this.#href = href;
  }

  static parse(url: unknown, base: unknown = undefined): URL | null {
    requireArguments(arguments.length, 1, "URL.parse");
    const href = callHost(HostOp.URL_PARSE, 0, toUSVString(url), base === undefined ? undefined : toUSVString(base));
    return typeof href === "string" ? new URL(SERIALIZED, href) : null;
  }

  static canParse(url: unknown, base: unknown = undefined): boolean {
    requireArguments(arguments.length, 1, "URL.canParse");
    const href = callHost(HostOp.URL_PARSE, 0, toUSVString(url), base === undefined ? undefined : toUSVString(base));
    return typeof href === "string";
  }

  static createObjectURL(object: unknown): string {
    requireArguments(arguments.length, 1, "URL.createObjectURL");
    return require("./object-urls.ts").createObjectUrl(object);
  }

  static revokeObjectURL(url: unknown): void {
    requireArguments(arguments.length, 1, "URL.revokeObjectURL");
    require("./object-urls.ts").revokeObjectUrl(toUSVString(url));
  }

  get href(): string {
    return this.#href;
  }

  set href(value: unknown) {
    this.#href;
    const input = toUSVString(value);
    const href = callHost(HostOp.URL_PARSE, 0, input, undefined);
    if (typeof href !== "string") throw new TypeErrorCtor(`Invalid URL: ${input}`);
    this.#replace(href);
    this.#refreshSearchParams();
  }

  get origin(): string {
    const { protocolEnd, hostStart, hostEnd, pathnameStart, pathnameEnd } = this.#read();
    const protocol = StringPrototypeSlice(this.#href, 0, protocolEnd);
    switch (protocol) {
      case "http:":
      case "https:":
      case "ws:":
      case "wss:":
      case "ftp:":
        return `${protocol}//${StringPrototypeSlice(this.#href, hostStart, hostEnd)}`;
      case "blob:":
        return originOfBlob(StringPrototypeSlice(this.#href, pathnameStart, pathnameEnd));
      default:
        return "null";
    }
  }

  get protocol(): string {
    return StringPrototypeSlice(this.#href, 0, this.#read().protocolEnd);
  }

  set protocol(value: unknown) {
    this.#set("protocol", value);
  }

  get username(): string {
    const record = this.#read();
    return StringPrototypeSlice(this.#href, record.usernameStart, record.usernameEnd);
  }

  set username(value: unknown) {
    this.#set("username", value);
  }

  get password(): string {
    const record = this.#read();
    return StringPrototypeSlice(this.#href, record.usernameEnd + 1, record.userinfoEnd);
  }

  set password(value: unknown) {
    this.#set("password", value);
  }

  get host(): string {
    const record = this.#read();
    return StringPrototypeSlice(this.#href, record.hostStart, record.hostEnd);
  }

  set host(value: unknown) {
    this.#set("host", value);
  }

  get hostname(): string {
    const record = this.#read();
    return StringPrototypeSlice(this.#href, record.hostStart, record.hostnameEnd);
  }

  set hostname(value: unknown) {
    this.#set("hostname", value);
  }

  get port(): string {
    const record = this.#read();
    return StringPrototypeSlice(this.#href, record.hostnameEnd + 1, record.hostEnd);
  }

  set port(value: unknown) {
    this.#set("port", value);
  }

  get pathname(): string {
    const record = this.#read();
    return StringPrototypeSlice(this.#href, record.pathnameStart, record.pathnameEnd);
  }

  set pathname(value: unknown) {
    this.#set("pathname", value);
  }

  get search(): string {
    const record = this.#read();
    // An empty query is written as "?" in the href, and is no search.
    if (record.searchEnd - record.pathnameEnd <= 1) return "";
    return StringPrototypeSlice(this.#href, record.pathnameEnd, record.searchEnd);
  }

  set search(value: unknown) {
    this.#set("search", value);
    this.#refreshSearchParams();
  }

  get searchParams(): URLSearchParams {
    if (this.#searchParams === null) {
      const { createLinkedSearchParams } = require("./url-search-params.ts");
      this.#searchParams = createLinkedSearchParams(this.#query(), (query) => {
        const { pathnameEnd, searchEnd } = this.#read();
        const before = StringPrototypeSlice(this.#href, 0, pathnameEnd);
        // Nothing that the form serialiser writes needs a further escape in a query.
        this.#replace(`${before}${query === "" ? "" : "?"}${query}${StringPrototypeSlice(this.#href, searchEnd)}`);
      });
    }
    return this.#searchParams;
  }

  get hash(): string {
    const { searchEnd } = this.#read();
    return this.#href.length - searchEnd <= 1 ? "" : StringPrototypeSlice(this.#href, searchEnd);
  }

  set hash(value: unknown) {
    this.#set("hash", value);
  }

  toString(): string {
    return this.#href;
  }

  toJSON(): string {
    return this.#href;
  }

  /** Without "?". */
  #query(): string {
    const { pathnameEnd, searchEnd } = this.#read();
    return StringPrototypeSlice(this.#href, pathnameEnd + 1, searchEnd);
  }

  #read(): UrlRecord {
    this.#record ??= parseUrlRecord(this.#href, scanner);
    return this.#record;
  }

  #set(member: UrlSetMember, value: unknown): void {
    this.#href;
    const href = callHost(HostOp.URL_SET, 0, this.#href, member, toUSVString(value));
    if (typeof href === "string") this.#replace(href);
  }

  #replace(href: string): void {
    this.#href = href;
    this.#record = null;
  }

  #refreshSearchParams(): void {
    if (this.#searchParams === null) return;
    const { replaceSearchParams } = require("./url-search-params.ts");
    replaceSearchParams(this.#searchParams, this.#query());
  }
}

const originGetter = ObjectGetOwnPropertyDescriptor(URL.prototype, "origin")?.get as () => string;

finishInterface(URL, "URL");

/** The origin of a blob URL is that of the URL in its path, where that is of http or https. */
function originOfBlob(path: string): string {
  const href = callHost(HostOp.URL_PARSE, 0, path);
  if (typeof href !== "string") return "null";
  const scheme = StringPrototypeSlice(href, 0, StringPrototypeIndexOf(href, ":", 0));
  return scheme === "http" || scheme === "https" ? ReflectApply(originGetter, new URL(SERIALIZED, href), []) : "null";
}

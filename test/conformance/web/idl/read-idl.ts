/** Reads the standards' IDL of what is promised, as data for the test that compares it with an isolate's globals. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { type Definition, type ExtendedAttribute, type IdlType, type Member, parse } from "webidl2";
import { BEYOND, GLOBALS, INTERFACES, NAMESPACES, SPECS, WASM_INTERFACES } from "./wanted.ts";

const FOLDER = path.dirname(createRequire(import.meta.url).resolve("@webref/idl/package.json"));
/** An isolate is compared with a worker of any kind. */
const SCOPES = ["Worker", "DedicatedWorker", "ServiceWorker"];

export interface IdlMember {
  readonly kind: "attribute" | "operation" | "constant" | "iterable" | "async_iterable";
  readonly name: string;
  readonly isStatic: boolean;
  readonly isReadonly: boolean;
  /** `[Replaceable]`: read-only, and yet assigned to. */
  readonly isReplaceable: boolean;
  /** `[LegacyUnforgeable]`: each object's own. */
  readonly isUnforgeable: boolean;
  /** The arguments that an operation wants. */
  readonly length: number;
  readonly isPromise: boolean;
  /** `typeof` of an attribute's value, where its type tells; otherwise "". */
  readonly valueType: string;
  /** Of a constant. */
  readonly value: number;
}

export interface IdlInterface {
  readonly name: string;
  /** "" for a property of the global. */
  readonly namespace: string;
  readonly parent: string | null;
  /** Null: it has no constructor. */
  readonly constructorLength: number | null;
  readonly members: readonly IdlMember[];
  /** Names of members beyond the standards. */
  readonly beyond: readonly string[];
}

export interface Idl {
  readonly interfaces: readonly IdlInterface[];
  readonly namespaces: readonly { readonly name: string; readonly members: readonly IdlMember[] }[];
  readonly globals: readonly IdlMember[];
}

/** @throws where the IDL has not what is promised */
export function readIdl(): Idl {
  const definitions = SPECS.flatMap((spec) => parse(readFileSync(path.join(FOLDER, `${spec}.idl`), "utf8")));
  const enums = new Set(definitions.flatMap((definition) => (definition.type === "enum" ? [definition.name] : [])));
  const membersOf = (name: string): readonly IdlMember[] => {
    return mergeOverloads(exposedMembers(definitions, name).flatMap((member) => toMember(member, enums) ?? []));
  };
  const toInterface = (name: string, namespace: string): IdlInterface => {
    const parent = definitions.find((definition) => {
      return definition.type === "interface" && definition.name === name && !definition.partial;
    });
    if (parent?.type !== "interface") throw new Error(`The IDL has no interface ${name}`);
    const constructors = parent.members.flatMap((member) => {
      return member.type === "constructor" ? [requiredCount(member.arguments)] : [];
    });
    return {
      name,
      namespace,
      parent: parent.inheritance,
      constructorLength: constructors.length === 0 ? null : Math.min(...constructors),
      members: membersOf(name),
      beyond: Object.keys(BEYOND[name] ?? {}),
    };
  };
  const scope = membersOf("WorkerGlobalScope");
  return {
    interfaces: [
      ...INTERFACES.map((name) => toInterface(name, "")),
      ...WASM_INTERFACES.map((name) => toInterface(name, "WebAssembly")),
    ],
    namespaces: NAMESPACES.map((name) => ({ name, members: membersOf(name) })),
    globals: GLOBALS.map((name) => {
      const member = scope.find((candidate) => candidate.name === name);
      if (member === undefined) throw new Error(`The IDL has no global ${name}`);
      return member;
    }),
  };
}

/** Of the definition itself, its partial ones and its mixins. */
function exposedMembers(definitions: readonly Definition[], name: string): Member[] {
  const names = new Set([name]);
  for (const definition of definitions) {
    if (definition.type === "includes" && definition.target === name) names.add(definition.includes);
  }
  return definitions.flatMap((definition) => {
    if (definition.type !== "interface" && definition.type !== "interface mixin" && definition.type !== "namespace") {
      return [];
    }
    if (!names.has(definition.name) || !isExposed(definition.extAttrs)) return [];
    return definition.members.filter((member) => isExposed(member.extAttrs));
  });
}

function isExposed(attributes: readonly ExtendedAttribute[]): boolean {
  const rhs = attributes.find(({ name }) => name === "Exposed")?.rhs;
  if (rhs === undefined || rhs === null || rhs.type === "*") return true;
  const scopes = rhs.type === "identifier" ? [rhs] : rhs.value;
  return scopes.some(({ value }) => SCOPES.includes(value));
}

function toMember(member: Member, enums: ReadonlySet<string>): IdlMember | readonly IdlMember[] | undefined {
  const has = (name: string): boolean => member.extAttrs.some((attribute) => attribute.name === name);
  const common = {
    isStatic: "special" in member && member.special === "static",
    isReadonly: false,
    isReplaceable: has("Replaceable"),
    isUnforgeable: has("LegacyUnforgeable"),
    length: 0,
    isPromise: false,
    valueType: "",
    value: 0,
  };
  const toStringMember: IdlMember = { ...common, isStatic: false, kind: "operation", name: "toString" };
  switch (member.type) {
    case "attribute": {
      const attribute: IdlMember = {
        ...common,
        kind: "attribute",
        name: member.name,
        isReadonly: member.readonly,
        isPromise: member.idlType.generic === "Promise",
        valueType: valueTypeOf(member.idlType, enums),
      };
      return member.special === "stringifier" ? [attribute, { ...toStringMember, isUnforgeable: false }] : attribute;
    }
    case "operation":
      if (member.special === "stringifier") return toStringMember;
      return {
        ...common,
        kind: "operation",
        name: member.name,
        length: requiredCount(member.arguments),
        isPromise: member.idlType?.generic === "Promise",
      };
    case "const":
      return { ...common, kind: "constant", name: member.name, value: Number(member.value.value) };
    case "iterable":
    case "async_iterable":
      return { ...common, kind: member.type, name: member.type };
    case "constructor":
      return undefined;
  }
}

/** The length of an operation is that of its shortest overload. */
function mergeOverloads(members: readonly IdlMember[]): readonly IdlMember[] {
  const byName = new Map<string, IdlMember>();
  for (const member of members) {
    // A static operation may have the name of another: `json` of Response.
    const key = `${member.isStatic} ${member.name}`;
    const known = byName.get(key);
    byName.set(key, known === undefined ? member : { ...known, length: Math.min(known.length, member.length) });
  }
  return [...byName.values()];
}

function requiredCount(args: readonly { readonly optional: boolean; readonly variadic: boolean }[]): number {
  return args.filter(({ optional, variadic }) => !optional && !variadic).length;
}

function valueTypeOf({ generic, nullable, union, idlType }: IdlType, enums: ReadonlySet<string>): string {
  if (generic === "Promise") return "object";
  if (nullable || union || generic !== "" || typeof idlType !== "string") return "";
  if (enums.has(idlType) || /^(?:DOM|USV|Byte|CSSOM)String$/.test(idlType)) return "string";
  if (idlType === "boolean") return "boolean";
  return /^(?:unsigned )?(?:short|long|long long)$|double|DOMHighResTimeStamp/.test(idlType) ? "number" : "";
}

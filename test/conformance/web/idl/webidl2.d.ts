/** What is used of the parser's tree: the package has no types of its own. */
declare module "webidl2" {
  export interface ExtendedAttribute {
    readonly name: string;
    readonly rhs:
      | { readonly type: "*" }
      | { readonly type: "identifier"; readonly value: string }
      | { readonly type: "identifier-list"; readonly value: readonly { readonly value: string }[] }
      | null;
  }

  export interface IdlType {
    readonly generic: string;
    readonly nullable: boolean;
    readonly union: boolean;
    readonly idlType: string | readonly IdlType[];
  }

  interface Extended {
    readonly extAttrs: readonly ExtendedAttribute[];
  }

  interface Argument {
    readonly optional: boolean;
    readonly variadic: boolean;
  }

  export type Member =
    | (Extended & {
        readonly type: "attribute";
        readonly name: string;
        readonly special: string;
        readonly readonly: boolean;
        readonly idlType: IdlType;
      })
    | (Extended & {
        readonly type: "operation";
        readonly name: string;
        readonly special: string;
        readonly idlType: IdlType | null;
        readonly arguments: readonly Argument[];
      })
    | (Extended & { readonly type: "constructor"; readonly arguments: readonly Argument[] })
    | (Extended & { readonly type: "const"; readonly name: string; readonly value: { readonly value: string } })
    | (Extended & { readonly type: "iterable" | "async_iterable"; readonly idlType: readonly IdlType[] });

  export type Definition =
    | (Extended & {
        readonly type: "interface" | "interface mixin" | "namespace";
        readonly name: string;
        readonly inheritance: string | null;
        readonly partial: boolean;
        readonly members: readonly Member[];
      })
    | (Extended & { readonly type: "includes"; readonly target: string; readonly includes: string })
    | (Extended & { readonly type: "enum"; readonly name: string })
    | (Extended & { readonly type: "dictionary" | "callback" | "callback interface" | "typedef" });

  export function parse(text: string): readonly Definition[];
}

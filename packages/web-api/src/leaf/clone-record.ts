/**
 * What a value is between "StructuredSerialize" and "StructuredDeserialize": a primitive stands for itself, everything else
 * is a `Node`, of which every object of the value has one. A record is deserialised once.
 */

export const NodeKind = {
  OBJECT: 1,
  ARRAY: 2,
  DATE: 3,
  REGEXP: 4,
  WRAPPER: 5,
  MAP: 6,
  SET: 7,
  ERROR: 8,
  BUFFER: 9,
  VIEW: 10,
  /** A platform object that is already a copy. */
  PLATFORM: 11,
  PORT: 12,
  STREAM: 13,
} as const;

export type NodeKindValue = (typeof NodeKind)[keyof typeof NodeKind];

export class Node {
  readonly kind: NodeKindValue;
  /** What the kind needs: see `deserialize`. */
  data: unknown;
  /** Own enumerable properties, or entries: keys and values by turns. */
  readonly entries: unknown[] = [];
  /** The object that was made of it. */
  output: object | undefined;

  constructor(kind: NodeKindValue, data: unknown = undefined) {
    this.kind = kind;
    this.data = data;
  }
}

/** A value on its way, and the nodes of what it transfers, in the order of the list. */
export interface CloneRecord {
  readonly value: unknown;
  readonly transferred: readonly Node[];
}

/** The cause, where there is one, is the only one of the node's entries. */
export interface ErrorData {
  readonly name: string;
  readonly message: string | undefined;
  readonly stack: string | undefined;
}

export interface ViewData {
  /** A typed array's constructor by name, or "DataView". */
  readonly type: string;
  readonly buffer: Node;
  readonly byteOffset: number;
  /** In elements. */
  /** Undefined: as long as its buffer is. */
  readonly length: number | undefined;
}

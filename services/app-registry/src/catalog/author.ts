/** Who asks for a change: named in the audit log, and known again when the same request comes twice. */

export interface Author {
  /** Null: over the Unix socket, or the registry by itself. */
  readonly tokenId: string | null;
  readonly name: string;
  /** Null: nobody will ask whether it was done before. */
  readonly once: OnceKey | null;
}

/** Under which its change is made once, whichever registry it comes to. */
export interface OnceKey {
  /** The client's, within what its token may be confused with: no other token has it. */
  readonly key: string;
  /** Tells apart another request under the same key. */
  readonly requestDigest: string;
}

/** What the registry does by itself: writing how builds ended, halting rollouts. */
export const REGISTRY_ITSELF: Author = { tokenId: null, name: "registry", once: null };

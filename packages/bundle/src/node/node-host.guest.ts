/** What the prelude gives to modules of Node, as far as they ask for it (`web-api/src/node-host.ts`). */

export interface NodeHost {
  hash(algorithm: string, data: Uint8Array, key?: Uint8Array): ArrayBuffer | undefined;
  beginHash(algorithm: string, key?: Uint8Array): number;
  updateHash(id: number, data: Uint8Array): boolean;
  endHash(id: number): ArrayBuffer | undefined;
  copyHash(id: number): number;
  timingSafeEqual(left: Uint8Array, right: Uint8Array): boolean | undefined;
  inspect(value: unknown, depthLimit?: number): string;
  format(args: readonly unknown[]): string;
}

/** The factory's third parameter. */
declare const __nano_node_host__: () => NodeHost;

export function nodeHost(): NodeHost {
  return __nano_node_host__();
}

/** Compiles the WebAssembly modules that a bundle imports: once per version and process; contexts are handed copies that share the code. */

/** The engine's namespace, as far as this file needs it: Node's types have its values nowhere. */
interface Wasm {
  readonly Module: new (bytes: Uint8Array) => WebAssembly.Module;
}

/** Blocks while it compiles. @throws what the engine throws for bytes that are no module */
export function compileWasm(modules: readonly Uint8Array[]): WebAssembly.Module[] {
  const { Module } = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;
  return modules.map((bytes) => new Module(bytes));
}

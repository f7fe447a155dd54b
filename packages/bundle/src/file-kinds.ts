/** Files that a module may import and that are none themselves. */

/** Imported as their text. */
export const TEXT_EXTENSIONS = [".txt", ".html", ".md", ".sql", ".css"] as const;
export const JSON_EXTENSION = ".json";
/** Imported as an ArrayBuffer. */
export const BYTES_EXTENSION = ".bin";
/** Imported as a module of WebAssembly. */
export const WASM_EXTENSION = ".wasm";

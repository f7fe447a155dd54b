/** `.bin` files are imported as an ArrayBuffer, as Workers have them; esbuild alone knows a Uint8Array. */
import { basename, dirname } from "node:path";
import type { Plugin } from "esbuild";

export const bytesImports: Plugin = {
  name: "nano-bytes-imports",
  setup(build) {
    build.onLoad({ filter: /\.bin$/, namespace: "file" }, ({ path, with: attributes }) => {
      if (attributes.type !== undefined) return undefined;
      const file = JSON.stringify(`./${basename(path)}`);
      return {
        // The array is made for this file alone, so that its buffer is exactly the file.
        contents: `import bytes from ${file} with { type: "bytes" };\nexport default bytes.buffer;`,
        resolveDir: dirname(path),
      };
    });
  },
};

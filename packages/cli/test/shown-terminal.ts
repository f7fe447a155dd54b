import { Terminal } from "../src/output/terminal.ts";

/** A terminal without colours or progress, and what was printed on it. */
export function openShownTerminal(): { readonly terminal: Terminal; shown(): string } {
  let text = "";
  const stream = {
    write(chunk: string) {
      text += chunk;
      return true;
    },
    once: () => undefined,
  };
  return { terminal: new Terminal({ stream, env: {} }), shown: () => text };
}

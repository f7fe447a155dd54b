/** Packages that build and do not run: an author hears of it at the build, not at each request. */
import type { Plugin } from "esbuild";

/** By name: why, and what to take instead. COMPATIBILITY.md of `web-api` has the same words, and a test compares. */
export const UNFIT_PACKAGES: ReadonlyMap<string, string> = new Map([
  ["jsonwebtoken", "it asks for key pairs of `node:crypto` even where it signs with a secret; use `jose`"],
  ["ws", "what it gives to builds for Workers throws when it is called; use `new WebSocket(url)` or `WebSocketPair`"],
]);

const NAME = new RegExp(`^(${[...UNFIT_PACKAGES.keys()].join("|")})(?:/|$)`);

export const unfitPackages: Plugin = {
  name: "nano-unfit-packages",
  setup(build) {
    const told = new Set<string>();
    build.onResolve({ filter: NAME }, ({ path }) => {
      const name = NAME.exec(path)?.[1] ?? path;
      if (told.has(name)) return undefined;
      told.add(name);
      return { warnings: [{ text: `Package ${name} does not run in NANO: ${UNFIT_PACKAGES.get(name)}` }] };
    });
  },
};

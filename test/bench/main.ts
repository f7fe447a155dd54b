/** `npm run bench -- NAME`: runs one benchmark, or with no name all of them. */
import { benchColdStart } from "./cold-start.bench.ts";
import { benchHello } from "./hello.bench.ts";

const benches: Readonly<Record<string, () => Promise<void>>> = {
  "cold-start": benchColdStart,
  hello: benchHello,
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(`Unknown benchmark ${unknown.join(", ")}: expected one of ${Object.keys(benches).join(", ")}\n`);
  process.exit(2);
}
for (const name of names.length > 0 ? names : Object.keys(benches)) await benches[name]?.();

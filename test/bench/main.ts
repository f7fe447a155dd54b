/** `npm run bench -- NAME`: runs one benchmark, or with no name all of them. `--quick`: only to see that it runs, where it can. */
import { benchColdStart } from "./cold-start.bench.ts";
import { benchHello } from "./hello.bench.ts";
import { benchSlivers } from "./slivers.bench.ts";

const QUICK = "--quick";
const benches: Readonly<Record<string, (options: { readonly isQuick: boolean }) => Promise<void>>> = {
  "cold-start": benchColdStart,
  slivers: benchSlivers,
  hello: benchHello,
};

const args = process.argv.slice(2);
const names = args.filter((arg) => arg !== QUICK);
const unknown = names.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(`Unknown benchmark ${unknown.join(", ")}: expected one of ${Object.keys(benches).join(", ")}\n`);
  process.exit(2);
}
const options = { isQuick: args.includes(QUICK) };
for (const name of names.length > 0 ? names : Object.keys(benches)) await benches[name]?.(options);

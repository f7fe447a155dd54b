/** Small apps for churn, no two the same: each holds another kind of init state, made from its number, and answers from it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Each answers `/?n=<number>` in text that only its own state gives; `SEED` is its number. */
const KINDS = [
  `const rows = Array.from({ length: 500 + SEED * 7 }, (_, i) => ({ id: i, name: "row-" + SEED + "-" + i, half: i / 2 }));
const byName = new Map(rows.map((row) => [row.name, row]));
const answer = (n) => JSON.stringify(byName.get("row-" + SEED + "-" + (n % rows.length)));`,

  `class Account {
  #cents;
  static #made = 0;
  constructor(cents) { this.#cents = cents; Account.#made += 1; }
  pay(cents) { this.#cents -= cents; return this.#cents; }
  static get made() { return Account.#made; }
}
const accounts = Array.from({ length: 100 + SEED }, (_, i) => new Account(i * SEED));
const answer = (n) => accounts[n % accounts.length].pay(n) + " of " + Account.made;`,

  `const words = Array.from({ length: 2000 }, (_, i) => ((i * (SEED + 3)) % 9973).toString(36));
const text = words.join(" ");
const pattern = new RegExp("\\\\b" + words[SEED % words.length] + "\\\\w*", "g");
const answer = (n) => text.slice(n).match(pattern)?.length + " " + text.slice(n, n + 20);`,

  `const table = Float64Array.from({ length: 8000 + SEED * 16 }, (_, i) => Math.sin(i + SEED));
function* steps() { for (let i = SEED; ; i += SEED + 1) yield i; }
const walk = steps();
walk.next();
walk.next();
const answer = (n) => walk.next().value + " " + table[n % table.length].toFixed(9);`,

  `const pending = Promise.resolve(SEED).then((seed) => seed * 3);
const weak = new WeakMap();
const keys = Array.from({ length: 50 }, (_, i) => { const key = { i }; weak.set(key, i * SEED); return key; });
const proxy = new Proxy({}, { get: (_, name) => name + SEED });
const answer = async (n) => (await pending) + " " + weak.get(keys[n % keys.length]) + " " + proxy["p" + n];`,

  `const tree = (depth, path) => (depth === 0 ? path : { path, children: [0, 1, 2].map((i) => tree(depth - 1, path + i)) });
const root = tree(5, "t" + SEED + ".");
const find = (node, n) => (typeof node === "string" ? node : find(node.children[n % 3], Math.floor(n / 3)));
const closures = Array.from({ length: 64 }, (_, i) => (n) => n * SEED + i);
const answer = (n) => find(root, n) + " " + closures[n % 64](n);`,
];

const RESPOND = `export default {
  async fetch(request) {
    const url = new URL(request.url);
    const n = Number(url.searchParams.get("n"));
    if (n % 2 === 1) await new Promise((resolve) => setTimeout(resolve, 0));
    const headers = new Headers({ "x-app": String(SEED) });
    return new Response(new TextEncoder().encode(await answer(n)), { headers });
  },
};`;

/** The directory of the app with this number, written below `parent`. */
export function writeChurnApp(parent: string, seed: number): string {
  const directory = join(parent, `churn-${seed}`);
  mkdirSync(directory, { recursive: true });
  const name = `churn-${seed}`;
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name, type: "module", main: "index.js" }));
  writeFileSync(join(directory, "nano.json"), JSON.stringify({ entrypoint: "index.js" }));
  const script = `const SEED = ${seed};\n${KINDS[seed % KINDS.length]}\n${RESPOND}\n`;
  writeFileSync(join(directory, "index.js"), script);
  return directory;
}

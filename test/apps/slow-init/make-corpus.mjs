/** Writes `src/corpus.txt`: made-up reports from a made-up coast, the same at each run. Run by `pnpm corpus`. */
import { writeFileSync } from "node:fs";

const REPORTS = 372;
const SENTENCES_PER_REPORT = 9;

const firstHalves =
  "amber anchor apple ash autumn barley beacon birch black bramble brass bridge bright candle cedar chalk cinder clay cliff cloud clover copper coral crane creek crow dawn deer dune elder ember fern field flint foam fog forest frost garden glass gold grain granite grass grey gull harbour hazel heather hill holly honey horn ice iron island ivory juniper kelp lake lamp larch lark leaf light lilac lime linden loam maple marsh meadow mill mist moon moss night oak".split(
    " ",
  );
const secondHalves =
  "back bank barn bed bell bench berry bird boat book bough bow branch brook burn cart castle chest cloth coat corner court cradle crest croft crown cup dale door drift edge fall farm fell fire flower ford gate glen guard hall hand head hearth helm hold hollow house keeper kettle ladder lane ledge line lock loft maker mark mead mouth nest path peak pier pillar pine pool post reach ridge ring road rock root sail seed".split(
    " ",
  );
const adjectives =
  "old narrow quiet wide crooked patient early late heavy hollow careful distant gentle hidden steady weathered broken borrowed painted forgotten salted silver wooden woollen".split(
    " ",
  );
const people =
  "ferryman baker teacher widow apprentice carpenter captain gardener painter midwife postman tailor cooper weaver clerk sexton miller fiddler".split(
    " ",
  );
const verbs =
  "mended carried counted painted borrowed measured found lost described watched cleaned traded raised lowered remembered repaired followed guarded sketched weighed".split(
    " ",
  );
const places =
  "beyond the ferry slip|under the north stairs|behind the chapel|along the sea wall|beside the market|above the quarry".split(
    "|",
  );
const times =
  "Before noon|After the storm|On the second day|At low tide|Late in the week|Between two showers|Since the thaw".split(
    "|",
  );

let state = 20_261_122;
function draw(count) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * count);
}
function pick(list) {
  return list[draw(list.length)];
}

const compounds = firstHalves.flatMap((first) => secondHalves.map((second) => first + second));
for (let i = compounds.length - 1; i > 0; i--) {
  const j = draw(i + 1);
  [compounds[i], compounds[j]] = [compounds[j], compounds[i]];
}
let nextCompound = 0;
/** Mostly a name not told yet, now and then one told before. */
function compound() {
  if (nextCompound > 50 && draw(4) === 0) return compounds[draw(nextCompound)];
  nextCompound = (nextCompound + 1) % compounds.length;
  return compounds[nextCompound];
}

const sentences = [
  () => `The ${pick(people)} ${pick(verbs)} the ${compound()} and the ${compound()}.`,
  () => `${pick(times)} a ${pick(adjectives)} ${compound()} stood ${pick(places)}, near the ${compound()}.`,
  () => `Nobody ${pick(verbs)} the ${compound()} but the ${pick(people)} of ${compound()}.`,
  () => `${pick(times)}, the ${pick(adjectives)} ${compound()} ${pick(verbs)} a ${compound()}.`,
];

const reports = Array.from({ length: REPORTS }, () =>
  Array.from({ length: SENTENCES_PER_REPORT }, () => pick(sentences)()).join(" "),
);
writeFileSync(new URL("src/corpus.txt", import.meta.url), `${reports.join("\n\n")}\n`);

/** The shop's own products, checked at init: a wrong one fails the build instead of a request. */
import { z } from "zod";
import { newProductSchema, type productQuerySchema } from "./schemas/products.ts";

const price = (cents: number) => [{ currency: "EUR", tiers: [{ from: 1, cents }] }];

const catalogue = z.array(newProductSchema).parse([
  {
    kind: "physical",
    slug: "smoked-tea",
    title: { en: "Smoked tea", de: "Rauchtee" },
    tags: ["tea", "leaf", "tea"],
    grams: 120,
    millimetres: [90, 60, 60],
    attributes: [{ type: "range", name: "steeping-minutes", value: [2, 4] }],
    variants: [
      { sku: "TEA-00120", options: { size: "small" }, prices: price(690) },
      {
        sku: "TEA-00500",
        options: { size: "large" },
        prices: [
          {
            currency: "EUR",
            tiers: [
              { from: 1, cents: "21.00" },
              { from: 10, cents: "18.50" },
            ],
          },
        ],
      },
    ],
  },
  {
    kind: "digital",
    slug: "tide-tables",
    title: { en: "Tide tables" },
    tags: ["sea"],
    files: [{ name: "tides.pdf", bytes: 1_204_224, sha256: "9f".repeat(32) }],
    licence: "personal",
    variants: [{ sku: "PDF-00001", options: {}, prices: price(1_200) }],
  },
  {
    kind: "service",
    slug: "net-mending",
    title: { en: "An hour of net mending", sv: "En timme nätlagning" },
    tags: ["sea", "craft"],
    minutes: 60,
    places: ["riga", "oslo"],
    variants: [{ sku: "HR-001", options: {}, prices: price(4_500) }],
  },
  {
    kind: "bundle",
    slug: "long-evening",
    title: { en: "A long evening" },
    tags: ["tea", "sea"],
    parts: [
      { sku: "TEA-00120", quantity: 2 },
      { sku: "PDF-00001", quantity: 1 },
    ],
    reduction: 10,
    variants: [{ sku: "SET-001", options: {}, prices: price(2_300) }],
  },
]);

export function findProducts({ tag, kind, maxCents, limit, offset }: z.infer<typeof productQuerySchema>) {
  const lowestCents = (product: (typeof catalogue)[number]): number =>
    Math.min(
      ...product.variants.flatMap(({ prices }) => prices.flatMap(({ tiers }) => tiers.map(({ cents }) => cents))),
    );
  return catalogue
    .filter((product) => tag === undefined || product.tags.includes(tag))
    .filter((product) => kind === undefined || product.kind === kind)
    .filter((product) => maxCents === undefined || lowestCents(product) <= maxCents)
    .slice(offset, offset + limit)
    .map((product) => ({ ...product, fromCents: lowestCents(product) }));
}

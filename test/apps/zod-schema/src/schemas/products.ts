import { z } from "zod";
import {
  centsSchema,
  currencySchema,
  moneySchema,
  pageSchema,
  skuSchema,
  slugSchema,
  tagsSchema,
  textSchema,
} from "./common.ts";

export const attributeSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), name: slugSchema, value: textSchema }),
  z.strictObject({ type: z.literal("number"), name: slugSchema, value: z.number(), unit: z.string().max(10) }),
  z.strictObject({ type: z.literal("flag"), name: slugSchema, value: z.boolean() }),
  z.strictObject({
    type: z.literal("range"),
    name: slugSchema,
    value: z.tuple([z.number(), z.number()]).refine(([low, high]) => low <= high, "the lower bound first"),
  }),
  z.strictObject({ type: z.literal("choice"), name: slugSchema, value: z.array(slugSchema).min(1).max(12) }),
]);

export const imageSchema = z.strictObject({
  url: z.url({ protocol: /^https$/ }),
  alt: textSchema,
  width: z.number().int().min(16).max(8_192),
  height: z.number().int().min(16).max(8_192),
});

/** Prices that fall with the quantity. */
export const tiersSchema = z
  .array(z.strictObject({ from: z.number().int().min(1), cents: centsSchema }))
  .min(1)
  .max(8)
  .superRefine((tiers, context) => {
    if (tiers[0]?.from !== 1)
      context.addIssue({ code: "custom", path: [0, "from"], message: "the first tier is from 1" });
    for (const [i, tier] of tiers.entries()) {
      const previous = tiers[i - 1];
      if (previous === undefined) continue;
      if (tier.from <= previous.from) {
        context.addIssue({ code: "custom", path: [i, "from"], message: "tiers in order of quantity" });
      }
      if (tier.cents >= previous.cents) {
        context.addIssue({ code: "custom", path: [i, "cents"], message: "more costs less each" });
      }
    }
  });
export const priceSchema = z.strictObject({ currency: currencySchema, tiers: tiersSchema });

export const variantSchema = z.strictObject({
  sku: skuSchema,
  options: z.record(slugSchema, slugSchema),
  prices: z.array(priceSchema).min(1),
  barcode: z
    .string()
    .regex(/^\d{8}(\d{5})?$/)
    .optional(),
});

const fields = {
  slug: slugSchema,
  title: textSchema,
  description: textSchema.optional(),
  tags: tagsSchema,
  images: z.array(imageSchema).max(12).default([]),
  attributes: z.array(attributeSchema).max(40).default([]),
  variants: z
    .array(variantSchema)
    .min(1)
    .max(60)
    .refine((variants) => new Set(variants.map(({ sku }) => sku)).size === variants.length, "each stock number once"),
};

export const physicalSchema = z.strictObject({
  ...fields,
  kind: z.literal("physical"),
  grams: z.number().int().min(1).max(500_000),
  millimetres: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
  hazards: z.array(z.enum(["battery", "flammable", "fragile", "magnetic"])).default([]),
});
export const digitalSchema = z.strictObject({
  ...fields,
  kind: z.literal("digital"),
  files: z
    .array(z.strictObject({ name: z.string().min(1), bytes: z.number().int().min(1), sha256: z.hash("sha256") }))
    .min(1),
  licence: z.union([z.literal("personal"), z.strictObject({ seats: z.number().int().min(2).max(10_000) })]),
});
export const serviceSchema = z.strictObject({
  ...fields,
  kind: z.literal("service"),
  minutes: z.number().int().multipleOf(15).min(15).max(480),
  places: z.union([z.literal("remote"), z.array(slugSchema).min(1)]),
});
export const bundleSchema = z.strictObject({
  ...fields,
  kind: z.literal("bundle"),
  parts: z
    .array(z.strictObject({ sku: skuSchema, quantity: z.number().int().min(1) }))
    .min(2)
    .max(20),
  reduction: z.number().min(0).max(60),
});
export const newProductSchema = z.discriminatedUnion("kind", [
  physicalSchema,
  digitalSchema,
  serviceSchema,
  bundleSchema,
]);

/** A tree of any depth. */
export const categorySchema = z.strictObject({
  slug: slugSchema,
  title: textSchema,
  get children() {
    return z.array(categorySchema).max(50).default([]);
  },
});

export const stockMovementSchema = z
  .strictObject({
    sku: skuSchema,
    quantity: z.number().int(),
    reason: z.enum(["delivery", "sale", "return", "loss", "count"]),
    value: moneySchema.optional(),
  })
  .refine(({ reason, quantity }) => reason === "count" || quantity !== 0, { path: ["quantity"], message: "not zero" })
  .refine(({ reason, quantity }) => reason !== "loss" || quantity < 0, {
    path: ["quantity"],
    message: "a loss is negative",
  });

export const productQuerySchema = pageSchema.extend({
  tag: slugSchema.optional(),
  kind: z.enum(["physical", "digital", "service", "bundle"]).optional(),
  maxCents: z.coerce.number().int().min(0).optional(),
});

/** What every record of the shop is made of. */
import { z } from "zod";

export const currencies = ["EUR", "USD", "GBP", "SEK", "NOK", "DKK", "CHF", "PLN", "JPY"] as const;
export const languages = ["en", "de", "fr", "sv", "pl", "ja"] as const;

export const currencySchema = z.enum(currencies);
export const languageSchema = z.enum(languages);
export const slugSchema = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "lower-case words joined by hyphens");
export const skuSchema = z
  .string()
  .regex(/^[A-Z]{2,4}-\d{3,6}(-[A-Z0-9]{1,4})?$/, "a stock number such as TEA-00120-XL");
export const emailSchema = z.string().trim().toLowerCase().pipe(z.email());
export const dateSchema = z.iso.date();
export const instantSchema = z.iso.datetime({ offset: true });
export const percentSchema = z.number().min(0).max(100);
export const noteSchema = z.string().trim().max(2_000);

/** Written with spaces, dots or hyphens; kept as + and digits. */
export const phoneSchema = z
  .string()
  .transform((text) => text.replace(/[\s().-]/g, ""))
  .refine((digits) => /^\+\d{7,15}$/.test(digits), "an international number such as +371 2000 0000");

/** An amount in the smallest unit of its currency: `"12.50"` or `1250`. */
export const centsSchema = z.union([
  z.number().int().min(0),
  z
    .string()
    .regex(/^\d{1,9}(\.\d{2})?$/, "an amount such as 12.50")
    .transform((text) => Math.round(Number(text) * 100)),
]);
export const moneySchema = z.strictObject({ cents: centsSchema, currency: currencySchema });

/** At least one language; a missing one is shown in the first. */
export const textSchema = z
  .partialRecord(languageSchema, z.string().trim().min(1).max(500))
  .refine((texts) => Object.keys(texts).length > 0, "text in at least one language");

const addressFields = {
  name: z.string().trim().min(1).max(120),
  lines: z.array(z.string().trim().min(1).max(120)).min(1).max(3),
  city: z.string().trim().min(1).max(80),
};
const address = <C extends string>(country: C, postalCode: z.ZodType<string, string>) =>
  z.strictObject({ ...addressFields, country: z.literal(country), postalCode });

export const addressSchema = z.discriminatedUnion("country", [
  address("DE", z.string().regex(/^\d{5}$/)),
  address("FR", z.string().regex(/^\d{5}$/)),
  address("LV", z.string().regex(/^LV-\d{4}$/)),
  address("SE", z.string().regex(/^\d{3} ?\d{2}$/)),
  address("PL", z.string().regex(/^\d{2}-\d{3}$/)),
  address("JP", z.string().regex(/^\d{3}-\d{4}$/)),
  address(
    "GB",
    z
      .string()
      .toUpperCase()
      .regex(/^[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}$/),
  ),
  address("US", z.string().regex(/^\d{5}(-\d{4})?$/)).extend({ state: z.string().length(2).toUpperCase() }),
]);

export const pageSchema = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  offset: z.coerce.number().int().min(0).default(0),
});

export const tagsSchema = z
  .array(slugSchema)
  .max(20)
  .default([])
  .transform((tags) => [...new Set(tags)].sort());

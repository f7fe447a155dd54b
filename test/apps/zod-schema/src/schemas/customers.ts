import { z } from "zod";
import {
  addressSchema,
  dateSchema,
  emailSchema,
  languageSchema,
  noteSchema,
  pageSchema,
  phoneSchema,
} from "./common.ts";

export const customerIdSchema = z.string().regex(/^C\d{6}$/, "a customer number such as C000123");

const channelSchema = z.enum(["email", "sms", "post"]);
export const consentSchema = z.strictObject({
  newsletter: z.boolean().default(false),
  profiling: z.boolean().default(false),
  givenOn: dateSchema.optional(),
});
export const preferencesSchema = z.strictObject({
  language: languageSchema.default("en"),
  channels: z.array(channelSchema).default(["email"]),
  quietHours: z.tuple([z.number().int().min(0).max(23), z.number().int().min(0).max(23)]).optional(),
});

const fields = {
  email: emailSchema,
  phone: phoneSchema.optional(),
  addresses: z.strictObject({ billing: addressSchema, shipping: z.array(addressSchema).max(5).default([]) }),
  consent: consentSchema.prefault({}),
  preferences: preferencesSchema.prefault({}),
  note: noteSchema.optional(),
};

/** Checksum of European VAT numbers of the shape that the shop accepts: the last digit is the sum of the others. */
function hasCheckDigit(vatId: string): boolean {
  const digits = vatId.replace(/\D/g, "");
  const sum = [...digits.slice(0, -1)].reduce((total, digit) => total + Number(digit), 0);
  return sum % 10 === Number(digits.at(-1));
}

export const personSchema = z.strictObject({
  ...fields,
  kind: z.literal("person"),
  givenName: z.string().trim().min(1).max(80),
  familyName: z.string().trim().min(1).max(80),
  birthDate: dateSchema.optional(),
});

export const companySchema = z.strictObject({
  ...fields,
  kind: z.literal("company"),
  legalName: z.string().trim().min(1).max(160),
  vatId: z
    .string()
    .regex(/^[A-Z]{2}\d{8,12}$/)
    .refine(hasCheckDigit, "a VAT number whose check digit is right"),
  contacts: z
    .array(
      z.strictObject({
        name: z.string().trim().min(1),
        role: z.enum(["buyer", "accounts", "warehouse"]),
        email: emailSchema,
      }),
    )
    .min(1)
    .max(10)
    .refine(
      (contacts) => new Set(contacts.map(({ email }) => email)).size === contacts.length,
      "contacts with different addresses",
    ),
  creditDays: z.union([z.literal(0), z.literal(14), z.literal(30), z.literal(60)]).default(0),
});

export const newCustomerSchema = z.discriminatedUnion("kind", [personSchema, companySchema]);
export const customerPatchSchema = z.union([
  personSchema.partial().required({ kind: true }),
  companySchema.partial().required({ kind: true }),
]);
export const customerQuerySchema = pageSchema.extend({
  kind: z.enum(["person", "company"]).optional(),
  email: emailSchema.optional(),
  createdAfter: dateSchema.optional(),
});

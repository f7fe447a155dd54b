import { z } from "zod";
import {
  addressSchema,
  centsSchema,
  currencySchema,
  dateSchema,
  instantSchema,
  noteSchema,
  percentSchema,
  skuSchema,
} from "./common.ts";
import { customerIdSchema } from "./customers.ts";

export const orderIdSchema = z.string().regex(/^O\d{8}$/, "an order number such as O00001234");

function passesLuhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, i) => {
    const value = Number(digit) * (i % 2 === 1 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** ISO 7064: the account number read as one decimal number leaves 1 over 97. */
function passesMod97(iban: string): boolean {
  const digits = `${iban.slice(4)}${iban.slice(0, 4)}`.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return [...digits].reduce((rest, digit) => (rest * 10 + Number(digit)) % 97, 0) === 1;
}

export const cardSchema = z.strictObject({
  method: z.literal("card"),
  number: z
    .string()
    .transform((text) => text.replace(/[ -]/g, ""))
    .refine((digits) => /^\d{12,19}$/.test(digits) && passesLuhn(digits), "a card number")
    // What is kept of it.
    .transform((digits) => `•••• ${digits.slice(-4)}`),
  expires: z.string().regex(/^(0[1-9]|1[0-2])\/\d{2}$/, "a month such as 07/29"),
  holder: z.string().trim().min(1).max(80),
});
export const transferSchema = z.strictObject({
  method: z.literal("transfer"),
  iban: z
    .string()
    .toUpperCase()
    .transform((text) => text.replaceAll(" ", ""))
    .refine((iban) => /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(iban) && passesMod97(iban), "an account number"),
});
export const invoiceSchema = z.strictObject({
  method: z.literal("invoice"),
  days: z.union([z.literal(14), z.literal(30), z.literal(60)]),
  reference: z.string().trim().max(40).optional(),
});
export const voucherSchema = z.strictObject({
  method: z.literal("voucher"),
  codes: z
    .array(z.string().regex(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/))
    .min(1)
    .max(5),
});
export const paymentSchema = z.discriminatedUnion("method", [cardSchema, transferSchema, invoiceSchema, voucherSchema]);

export const shippingSchema = z.discriminatedUnion("service", [
  z.strictObject({ service: z.literal("parcel"), address: addressSchema, insured: z.boolean().default(false) }),
  z.strictObject({ service: z.literal("locker"), lockerId: z.string().regex(/^[A-Z]{2}\d{4}$/) }),
  z.strictObject({ service: z.literal("pickup"), shop: z.enum(["riga", "oslo", "lyon"]), on: dateSchema }),
  z.strictObject({ service: z.literal("none") }),
]);

export const discountSchema = z.union([
  z.strictObject({ percent: percentSchema, code: z.string().min(3).max(20).optional() }),
  z.strictObject({ cents: centsSchema, code: z.string().min(3).max(20) }),
]);

export const lineSchema = z
  .strictObject({
    sku: skuSchema,
    quantity: z.number().int().min(1).max(999),
    unitCents: centsSchema,
    discount: discountSchema.optional(),
    engraving: z.string().trim().max(30).optional(),
  })
  .transform((line) => {
    const grossCents = line.unitCents * line.quantity;
    const { discount } = line;
    const offCents =
      discount === undefined ? 0 : "percent" in discount ? (grossCents * discount.percent) / 100 : discount.cents;
    return { ...line, totalCents: Math.max(0, Math.round(grossCents - offCents)) };
  });

export const newOrderSchema = z
  .strictObject({
    customer: customerIdSchema,
    currency: currencySchema,
    lines: z.array(lineSchema).min(1).max(200),
    payment: paymentSchema,
    shipping: shippingSchema,
    placedAt: instantSchema,
    /** What the client has reckoned, as a check. */
    expectedCents: z.number().int().min(0).optional(),
    gift: z
      .strictObject({ to: z.string().trim().min(1), message: noteSchema })
      .nullable()
      .default(null),
  })
  .transform((order) => ({ ...order, totalCents: order.lines.reduce((sum, line) => sum + line.totalCents, 0) }))
  .superRefine((order, context) => {
    if (order.expectedCents !== undefined && order.expectedCents !== order.totalCents) {
      const message = `the lines make ${order.totalCents}`;
      context.addIssue({ code: "custom", path: ["expectedCents"], message });
    }
    if (order.payment.method === "invoice" && order.totalCents > 500_000) {
      context.addIssue({ code: "custom", path: ["payment", "method"], message: "no invoice for this much" });
    }
  });

export const returnSchema = z.strictObject({
  order: orderIdSchema,
  lines: z
    .array(
      z.strictObject({
        sku: skuSchema,
        quantity: z.number().int().min(1),
        reason: z.union([
          z.enum(["damaged", "wrong", "late", "unwanted"]),
          z.strictObject({ other: noteSchema.min(5) }),
        ]),
      }),
    )
    .min(1),
  refund: z.union([z.literal("payment"), z.literal("voucher"), transferSchema]),
});

/** What happens to an order, one after another. */
export const orderEventSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("paid"), at: instantSchema, cents: centsSchema }),
  z.strictObject({ type: z.literal("packed"), at: instantSchema, parcels: z.number().int().min(1) }),
  z.strictObject({ type: z.literal("sent"), at: instantSchema, tracking: z.string().min(6).max(40) }),
  z.strictObject({ type: z.literal("delivered"), at: instantSchema, to: z.string().optional() }),
  z.strictObject({ type: z.literal("returned"), at: instantSchema, return: returnSchema }),
  z.strictObject({
    type: z.literal("cancelled"),
    at: instantSchema,
    by: z.enum(["customer", "shop"]),
    why: noteSchema,
  }),
]);
export const orderHistorySchema = z
  .array(orderEventSchema)
  .min(1)
  .refine((events) => events.every(({ at }, i) => i === 0 || Date.parse(at) >= Date.parse(events[i - 1]?.at ?? at)), {
    message: "events in the order of their times",
  });

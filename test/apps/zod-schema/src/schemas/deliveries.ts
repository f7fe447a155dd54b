/** What partners post to the shop: envelopes of the records that the shop itself takes. */
import { z } from "zod";
import { instantSchema, slugSchema } from "./common.ts";
import { customerIdSchema, customerPatchSchema, newCustomerSchema } from "./customers.ts";
import { newOrderSchema, orderEventSchema, orderIdSchema, returnSchema } from "./orders.ts";
import { categorySchema, newProductSchema, stockMovementSchema } from "./products.ts";

const envelope = <T extends string, S extends z.ZodType>(topic: T, data: S) =>
  z.strictObject({ topic: z.literal(topic), id: z.uuid(), sentAt: instantSchema, partner: slugSchema, data });

export const deliverySchema = z.discriminatedUnion("topic", [
  envelope("customer.created", newCustomerSchema),
  envelope("customer.changed", z.strictObject({ id: customerIdSchema, changes: customerPatchSchema })),
  envelope("customer.removed", z.strictObject({ id: customerIdSchema })),
  envelope("product.created", newProductSchema),
  envelope("product.moved", z.strictObject({ slug: slugSchema, category: slugSchema.nullable() })),
  envelope("categories.replaced", z.array(categorySchema).max(200)),
  envelope("stock.moved", z.array(stockMovementSchema).min(1).max(1_000)),
  envelope("order.placed", newOrderSchema),
  envelope("order.event", z.strictObject({ order: orderIdSchema, event: orderEventSchema })),
  envelope("order.returned", returnSchema),
]);

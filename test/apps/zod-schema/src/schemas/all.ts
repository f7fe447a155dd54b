/** Every schema that has a path of its own. */
import type { z } from "zod";
import { customerPatchSchema, newCustomerSchema } from "./customers.ts";
import { deliverySchema } from "./deliveries.ts";
import { newOrderSchema, orderHistorySchema, returnSchema } from "./orders.ts";
import { categorySchema, newProductSchema, stockMovementSchema } from "./products.ts";

export const schemas: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ["customers", newCustomerSchema],
  ["customer-patches", customerPatchSchema],
  ["products", newProductSchema],
  ["categories", categorySchema],
  ["stock-movements", stockMovementSchema],
  ["orders", newOrderSchema],
  ["order-histories", orderHistorySchema],
  ["returns", returnSchema],
  ["deliveries", deliverySchema],
]);

// As a namespace, so that the bundler leaves out what is not used of it.
import * as z from "zod";

export const newBookSchema = z.strictObject({
  title: z.string().trim().min(1).max(200),
  author: z.string().trim().min(1).max(100),
  year: z.number().int().min(1450).max(2100),
  tags: z.array(z.string().min(1).max(30)).max(10).default([]),
});

export const listQuerySchema = z.object({
  author: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  offset: z.coerce.number().int().min(0).default(0),
});

export const sumSchema = z.object({ numbers: z.array(z.number()).min(1).max(1000) });

export const idSchema = z.coerce.number().int().min(1);

export type NewBook = z.infer<typeof newBookSchema>;
export type Book = NewBook & { readonly id: number };

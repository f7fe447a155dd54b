/** Libraries that are no frameworks, each behind a path of its own. */
import { addBusinessDays, differenceInCalendarDays, formatISO, parseISO } from "date-fns";
import { and, desc, eq, gt, sql } from "drizzle-orm";
import { integer, PgDialect, pgTable, QueryBuilder, serial, text } from "drizzle-orm/pg-core";
import Handlebars from "handlebars";
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import { marked } from "marked";
import { customAlphabet, nanoid } from "nanoid";
import { z } from "zod";

const page = Handlebars.compile("<h1>{{title}}</h1>{{#each items}}<li>{{@index}}: {{this}}</li>{{/each}}");
const books = pgTable("books", {
  id: serial("id").primaryKey(),
  title: text("title").notNull(),
  pages: integer("pages"),
});
const order = z.object({
  id: z.uuid(),
  items: z.array(z.object({ sku: z.string().min(3), count: z.int().positive() })),
});
const shortId = customAlphabet("0123456789abcdef", 8);

type Handler = (request: Request) => Promise<Response> | Response;

const handlers: Readonly<Record<string, Handler>> = {
  "/": () => new Response("libraries"),

  "/date-fns": (request) => {
    const from = parseISO(new URL(request.url).searchParams.get("from") ?? "2026-01-01");
    const due = addBusinessDays(from, 10);
    return Response.json({
      due: formatISO(due, { representation: "date" }),
      days: differenceInCalendarDays(due, from),
    });
  },

  "/drizzle": () => {
    const query = new QueryBuilder()
      .select({ title: books.title, count: sql<number>`count(*)` })
      .from(books)
      .where(and(gt(books.pages, 100), eq(books.title, "Moby-Dick")))
      .orderBy(desc(books.id))
      .limit(5);
    return Response.json(new PgDialect().sqlToQuery(query.getSQL()));
  },

  "/handlebars": async (request) =>
    new Response(page(await request.json()), { headers: { "content-type": "text/html; charset=utf-8" } }),

  "/jose": async () => {
    const answers: Record<string, string> = {};
    for (const alg of ["ES256", "RS256", "EdDSA"]) {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      const token = await new SignJWT({ alg }).setProtectedHeader({ alg }).setExpirationTime("1h").sign(privateKey);
      const { payload } = await jwtVerify(token, publicKey);
      answers[alg] = `${(await exportJWK(publicKey)).kty} ${String(payload.alg)}`;
    }
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const token = await new SignJWT({}).setProtectedHeader({ alg: "HS256" }).setSubject("ada").sign(secret);
    answers.HS256 = String((await jwtVerify(token, secret)).payload.sub);
    const tampered = await jwtVerify(`${token.slice(0, -3)}AAA`, secret).catch(
      (error: { code?: string }) => error.code,
    );
    answers.tampered = String(tampered);
    answers.remote = typeof createRemoteJWKSet(new URL("https://issuer.example/keys"));
    return Response.json(answers);
  },

  "/marked": async (request) => new Response(await marked.parse(await request.text())),

  "/nanoid": () => Response.json({ id: nanoid(), short: shortId() }),

  "/zod": async (request) => {
    const parsed = order.safeParse(await request.json());
    return parsed.success ? Response.json(parsed.data) : Response.json(z.treeifyError(parsed.error), { status: 400 });
  },
};

export default {
  fetch(request: Request): Promise<Response> | Response {
    return handlers[new URL(request.url).pathname]?.(request) ?? new Response("Not found", { status: 404 });
  },
};

/** tRPC by its fetch adapter: queries, mutations with zod, batches, errors, a subscription over server-sent events. */
import { initTRPC, TRPCError } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { z } from "zod";

interface Context {
  readonly user: string | null;
}

const t = initTRPC.context<Context>().create();
const books = new Map([["1", "Moby-Dick"]]);

const appRouter = t.router({
  greet: t.procedure.input(z.object({ name: z.string() })).query(({ input }) => `Hello, ${input.name}`),
  book: t.procedure.input(z.string()).query(({ input }) => {
    const title = books.get(input);
    if (title === undefined) throw new TRPCError({ code: "NOT_FOUND", message: `No book ${input}` });
    return { title };
  }),
  add: t.procedure
    .input(z.object({ title: z.string().min(1) }))
    .mutation(({ input, ctx }) => ({ title: input.title, by: ctx.user })),
  fail: t.procedure.query(() => {
    throw new Error("out of order");
  }),
  count: t.procedure.input(z.number()).subscription(async function* ({ input }) {
    for (let i = 1; i <= input; i++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      yield i;
    }
  }),
});

export default {
  fetch(request: Request): Promise<Response> {
    return fetchRequestHandler({
      endpoint: "/trpc",
      req: request,
      router: appRouter,
      createContext: () => ({ user: request.headers.get("x-user") }),
      responseMeta: () => ({ headers: { "set-cookie": "seen=1; Path=/" } }),
    });
  },
};

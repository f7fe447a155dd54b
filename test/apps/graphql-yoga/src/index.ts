/** GraphQL Yoga: queries, mutations, errors, and a subscription over server-sent events. */

import { GraphQLError } from "graphql";
import { createSchema, createYoga, Repeater } from "graphql-yoga";

const yoga = createYoga({
  graphiql: false,
  landingPage: false,
  maskedErrors: true,
  logging: false,
  schema: createSchema({
    typeDefs: /* GraphQL */ `
      type Query {
        hello(name: String = "World"): String!
        refused: String
        fail: String
      }
      type Mutation {
        add(a: Int!, b: Int!): Int!
      }
      type Subscription {
        count(to: Int!): Int!
      }
    `,
    resolvers: {
      Query: {
        hello: (_: unknown, { name }: { name: string }) => `Hello, ${name}`,
        refused: () => {
          throw new GraphQLError("not yours", { extensions: { code: "FORBIDDEN" } });
        },
        fail: () => {
          throw new Error("a detail that stays inside");
        },
      },
      Mutation: { add: (_: unknown, { a, b }: { a: number; b: number }) => a + b },
      Subscription: {
        count: {
          subscribe: (_: unknown, { to }: { to: number }) =>
            new Repeater<{ count: number }>(async (push, stop) => {
              for (let i = 1; i <= to; i++) await push({ count: i });
              stop();
            }),
        },
      },
    },
  }),
});

export default { fetch: (request: Request, env: object, ctx: object) => yoga.fetch(request, env, ctx) };

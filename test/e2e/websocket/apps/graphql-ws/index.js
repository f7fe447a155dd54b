// biome-ignore-all lint/suspicious/noConsole: an app's log is what tells of its end
/** GraphQL subscriptions by graphql-ws's server, which knows of a socket what is given to it. */
import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { handleProtocols, makeServer } from "graphql-ws";

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: "Query",
    fields: { hello: { type: new GraphQLNonNull(GraphQLString), resolve: () => "world" } },
  }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: {
      countdown: {
        type: new GraphQLNonNull(GraphQLInt),
        args: { from: { type: new GraphQLNonNull(GraphQLInt) } },
        async *subscribe(_root, { from }) {
          for (let i = from; i >= 0; i--) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            yield { countdown: i };
          }
        },
      },
    },
  }),
});

const graphql = makeServer({ schema });

export default {
  fetch(request) {
    const offered = request.headers.get("sec-websocket-protocol") ?? "";
    const protocol = handleProtocols(offered);
    if (!protocol) return new Response("graphql-transport-ws is wanted\n", { status: 400 });
    const [client, server] = new WebSocketPair();
    server.accept();
    const socket = {
      protocol,
      send: (data) => server.send(data),
      close: (code, reason) => server.close(code, reason),
      onMessage(listener) {
        server.addEventListener("message", async ({ data }) => {
          try {
            await listener(data);
          } catch (error) {
            console.error(error);
            server.close(1011, "internal error");
          }
        });
      },
    };
    const closed = graphql.opened(socket, {});
    server.addEventListener("close", ({ code, reason }) => closed(code, reason));
    return new Response(null, { status: 101, webSocket: client, headers: { "sec-websocket-protocol": protocol } });
  },
};

// biome-ignore-all lint/suspicious/noConsole: an app's log is what tells of its end
/**
 * Sends without having been asked: `?count=5&every=20` numbers by a timer, `?fetch=URL` the status of a fetch, `?first=3` messages before the
 * upgrade is answered, `?close=4000` a close after all that. `?linger=50` keeps a promise of waitUntil for as many milliseconds after the close.
 */
export default {
  async fetch(request, _env, ctx) {
    const { searchParams } = new URL(request.url);
    const number = (name) => Number(searchParams.get(name) ?? 0);
    const pair = new WebSocketPair();
    const [client, server] = Object.values(pair);
    server.accept();
    for (let i = 0; i < number("first"); i++) server.send(`first ${i}`);
    server.addEventListener("close", (event) => {
      if (number("linger") === 0) return;
      ctx.waitUntil(
        new Promise((resolve) => setTimeout(resolve, number("linger"))).then(() =>
          console.log(`lingered ${event.code}`),
        ),
      );
    });
    ctx.waitUntil(push(server, searchParams, number));
    return new Response(null, { status: 101, webSocket: client });
  },
};

async function push(server, searchParams, number) {
  for (let i = 0; i < number("count"); i++) {
    await new Promise((resolve) => setTimeout(resolve, number("every")));
    server.send(String(i));
  }
  const url = searchParams.get("fetch");
  if (url !== null) server.send(`fetched ${(await fetch(url)).status}`);
  if (number("close") !== 0) server.close(number("close"), "done");
}

/** Answers `GET /` with a greeting, and `POST /echo` with what it was sent. */
interface Env {
  readonly GREETING: string;
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return new Response(`${env.GREETING}\n`);
    if (pathname === "/echo" && request.method === "POST") return Response.json(await request.json());
    return new Response("Not found\n", { status: 404 });
  },
} satisfies ExportedHandler<Env>;

/** Files of `assets` are answered before this is asked: it answers everything else. */
interface Env {
  readonly GREETING: string;
}

export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/api/greeting") return Response.json({ greeting: env.GREETING });
    return new Response("Not found\n", { status: 404 });
  },
} satisfies ExportedHandler<Env>;

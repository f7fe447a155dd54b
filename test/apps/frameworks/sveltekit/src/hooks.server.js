/** @type {import('@sveltejs/kit').Handle} */
export async function handle({ event, resolve }) {
  event.locals.user = event.cookies.get("user") ?? null;
  const response = await resolve(event);
  response.headers.set("x-hook", "seen");
  return response;
}

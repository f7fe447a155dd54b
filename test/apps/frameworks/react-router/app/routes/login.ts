import { createCookieSessionStorage, redirect } from "react-router";
import type { Route } from "./+types/login";

const { getSession, commitSession } = createCookieSessionStorage<{ user: string }>({
  cookie: { name: "session", path: "/", secrets: ["not a secret: a fixture"] },
});

export async function loader({ request }: Route.LoaderArgs) {
  const session = await getSession(request.headers.get("cookie"));
  return Response.json({ user: session.get("user") ?? null });
}

export async function action({ request }: Route.ActionArgs) {
  const session = await getSession();
  session.set("user", String((await request.formData()).get("user")));
  return redirect("/", { status: 303, headers: { "set-cookie": await commitSession(session) } });
}

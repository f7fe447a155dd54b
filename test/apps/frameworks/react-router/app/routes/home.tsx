import { data, Form } from "react-router";
import type { Route } from "./+types/home";

export function meta() {
  return [{ title: "Home" }];
}

export function loader({ request }: Route.LoaderArgs) {
  const user = /(?:^|; )user=([^;]+)/.exec(request.headers.get("cookie") ?? "")?.[1] ?? "nobody";
  return { user, name: new URL(request.url).searchParams.get("name") ?? "World" };
}

export async function action({ request }: Route.ActionArgs) {
  const title = String((await request.formData()).get("title") ?? "");
  return title === "" ? data({ made: null }, { status: 422 }) : { made: title };
}

export default function Home({ loaderData, actionData }: Route.ComponentProps) {
  return (
    <main>
      <nav>{loaderData.user}</nav>
      <h1>{`Hello, ${loaderData.name}`}</h1>
      {actionData && <p>{actionData.made === null ? "a title is missing" : `made ${actionData.made}`}</p>}
      <Form method="post">
        <input name="title" />
      </Form>
    </main>
  );
}

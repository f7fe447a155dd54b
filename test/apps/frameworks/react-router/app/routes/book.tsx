import { data } from "react-router";
import type { Route } from "./+types/book";

const TITLES: Readonly<Record<string, string>> = { 7: "Moby-Dick" };

export function loader({ params }: Route.LoaderArgs) {
  const title = TITLES[params.id];
  if (title === undefined) throw data(`No book ${params.id}`, { status: 404 });
  return { title };
}

export default function Book({ loaderData }: Route.ComponentProps) {
  return <h1>{loaderData.title}</h1>;
}

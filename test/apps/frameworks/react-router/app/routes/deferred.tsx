import { Suspense } from "react";
import { Await } from "react-router";
import type { Route } from "./+types/deferred";

/** The frame is sent at once, the forecast when it is there. */
export function loader({ request }: Route.LoaderArgs) {
  const delayMs = Number(new URL(request.url).searchParams.get("ms") ?? 1);
  const forecast = new Promise<string>((resolve) => setTimeout(resolve, delayMs, "rain from Monday"));
  return { city: "Riga", forecast };
}

export default function Deferred({ loaderData }: Route.ComponentProps) {
  return (
    <main>
      <h1>{loaderData.city}</h1>
      <Suspense fallback={<p>Asking the clouds</p>}>
        <Await resolve={loaderData.forecast}>{(forecast) => <p>{forecast}</p>}</Await>
      </Suspense>
    </main>
  );
}

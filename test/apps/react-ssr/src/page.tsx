import { Suspense, use } from "react";
import type { Forecast } from "./weather.ts";

function Days({ forecast }: { readonly forecast: Promise<Forecast> }) {
  const { days } = use(forecast);
  return (
    <ul id="days">
      {days.map(({ day, degrees }) => (
        <li key={day}>
          {day}: {degrees} °C
        </li>
      ))}
    </ul>
  );
}

export function Page(props: { readonly city: string; readonly forecast: Promise<Forecast> }) {
  return (
    <html lang="en">
      <head>
        <title>{`Weather in ${props.city}`}</title>
      </head>
      <body>
        <h1>Weather in {props.city}</h1>
        <Suspense fallback={<p>Asking the clouds…</p>}>
          <Days forecast={props.forecast} />
        </Suspense>
      </body>
    </html>
  );
}

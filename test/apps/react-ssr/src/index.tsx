/** A page that is streamed: its frame at once, the forecast when it is there. `GET /?city=Riga` */
import { renderToReadableStream } from "react-dom/server";
import { Page } from "./page.tsx";
import { fetchForecast } from "./weather.ts";

const MAX_CITY_CHARS = 80;

export default {
  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const city = (url.searchParams.get("city") ?? "Riga").slice(0, MAX_CITY_CHARS);
    const headers = new Headers({ "content-type": "text/html; charset=utf-8" });
    const tag = request.headers.get("x-request-tag");
    if (tag !== null) headers.set("x-request-tag", tag);
    const stream = await renderToReadableStream(<Page city={city} forecast={fetchForecast(city)} />);
    // Where the whole page is wanted at once, as crawlers do.
    if (url.searchParams.has("whole")) await stream.allReady;
    return new Response(stream, { headers });
  },
};

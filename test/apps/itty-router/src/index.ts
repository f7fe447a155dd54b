/** itty-router: its AutoRouter, with cookies, errors and bodies. */
import { AutoRouter, error, type IRequest, StatusError, status, text, withCookies } from "itty-router";

const router = AutoRouter({ before: [withCookies] });

router
  .get("/", () => text("itty-router"))
  .get("/books/:id", ({ params, query }: IRequest) => ({ id: params.id, query }))
  .post("/books", async (request: IRequest) => ({ made: await request.json() }))
  .get("/cookie", ({ cookies }: IRequest) => ({ cookies }))
  .post("/login", () => new Response(null, { status: 204, headers: { "set-cookie": "user=ada; Path=/; HttpOnly" } }))
  .get("/old", () => Response.redirect("https://shop.example/new", 308))
  .get("/stream", () => new Response(lines("one", "two", "three")))
  .get("/gone", () => error(410, { error: "gone for good" }))
  .get("/refused", () => {
    throw new StatusError(403, "not yours");
  })
  .get("/fail", () => {
    throw new Error("out of order");
  })
  .delete("/books/:id", () => status(204));

/** One chunk each, when it is asked for. */
function lines(...texts: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream<string>({
    pull(controller) {
      const text = texts.shift();
      if (text === undefined) controller.close();
      else controller.enqueue(`${text}\n`);
    },
  }).pipeThrough(new TextEncoderStream());
}

export default router;

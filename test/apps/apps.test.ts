import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadApp } from "./load-app.ts";

const here = new URL(".", import.meta.url).pathname;
const servedBy = (config: string): string[] =>
  JSON.parse(readFileSync(join(here, config), "utf8")).apps.map((app: { entrypoint: string }) => app.entrypoint);
const names = [...new Set(servedBy("nano.config.json"))];

it("config files serve every app", () => {
  const apps = readdirSync(here, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("/nano.json") && !path.includes("node_modules"))
    .map((path) => path.slice(0, -"/nano.json".length));
  const configs = readdirSync(here).filter((name) => name.endsWith(".config.json"));
  expect(configs.flatMap(servedBy)).toEqual(expect.arrayContaining(apps));
});

it.each(names)("%s names the request that it answers", async (name) => {
  const app = await loadApp(name);
  const answers = await Promise.all(
    ["one", "two", "three"].map((tag) => app.fetch("/", { headers: { "x-request-tag": tag } })),
  );
  expect(answers.map((answer) => answer.headers.get("x-request-tag"))).toEqual(["one", "two", "three"]);
  const untagged = await app.fetch("/");
  expect(untagged.status).toBe(200);
  expect(untagged.headers.has("x-request-tag")).toBe(false);
});

it("hono-api validates what it is sent", async () => {
  const app = await loadApp("hono-api", { GREETING: "Ahoy" });
  const post = (path: string, body: string) => app.fetch(path, { method: "POST", body });
  expect(await (await app.fetch("/")).json()).toEqual({ app: "hono-api", greeting: "Ahoy" });
  expect(await (await post("/sum", '{"numbers":[1,2,3.5]}')).json()).toEqual({ count: 3, sum: 6.5 });
  expect((await post("/sum", '{"numbers":[]}')).status).toBe(422);
  expect((await post("/sum", "{")).status).toBe(400);
  const added = await post("/books", '{"title":"T","author":"A","year":2000}');
  expect([added.status, await added.json()]).toEqual([201, { id: 6, title: "T", author: "A", year: 2000, tags: [] }]);
  expect((await app.fetch("/books/99")).status).toBe(404);
  expect((await app.fetch("/books/1", { method: "DELETE" })).status).toBe(204);
  expect((await app.fetch("/cookies")).headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2; Path=/"]);
});

it("hono-api gives a body back byte for byte", async () => {
  const app = await loadApp("hono-api");
  const body = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31) % 256);
  const answer = await app.fetch("/echo", { method: "POST", body, headers: { "content-type": "image/x-test" } });
  expect(answer.headers.get("content-type")).toBe("image/x-test");
  expect(new Uint8Array(await answer.arrayBuffer())).toEqual(body);
});

it("react-ssr streams the frame before the forecast", async () => {
  const app = await loadApp("react-ssr");
  const answer = await app.fetch("/?city=Oslo");
  const chunks: string[] = [];
  for await (const chunk of answer.body ?? []) chunks.push(new TextDecoder().decode(chunk));
  expect(chunks[0]).toContain("Asking the clouds");
  expect(chunks[0]).not.toContain("Monday");
  expect(chunks.slice(1).join("")).toContain("Monday");
  expect(await (await app.fetch("/?city=%3Cb%3E")).text()).toContain("&lt;b&gt;");
});

it("markdown-blog renders its posts, and what is posted for a preview", async () => {
  const app = await loadApp("markdown-blog");
  const home = await (await app.fetch("/")).text();
  expect([...home.matchAll(/href="\/posts\/([a-z-]+)"/g)].map((match) => match[1])).toEqual([
    "mending-nets",
    "a-table-of-tides",
    "first-light",
  ]);
  expect(await (await app.fetch("/posts/a-table-of-tides")).text()).toContain("<td>04:12</td>");
  expect((await app.fetch("/posts/none")).status).toBe(404);
  expect(await (await app.fetch("/preview", { method: "POST", body: "*hi*" })).text()).toContain("<em>hi</em>");
});

it("slow-init finds words where its reports have them", async () => {
  const app = await loadApp("slow-init");
  const size = (await (await app.fetch("/")).json()) as { terms: number; documents: number };
  expect(size.terms).toBeGreaterThanOrEqual(5_000);
  const reports = readFileSync(new URL("slow-init/src/corpus.txt", import.meta.url), "utf8")
    .trim()
    .split("\n\n");
  expect(size.documents).toBe(reports.length);
  for (const term of ["harbourgate", "the", "ferryman", "nowhereatall"]) {
    const expected = reports.flatMap((report, document) => {
      const count = report.toLowerCase().match(new RegExp(`\\b${term}\\b`, "g"))?.length ?? 0;
      return count === 0 ? [] : [{ document, count }];
    });
    const answer = (await (await app.fetch(`/?q=${term}`)).json()) as { postings: unknown; similar: string[] };
    expect(answer.postings).toEqual(expected);
    expect(answer.similar.every((word) => word !== term)).toBe(true);
  }
});

it("zod-schema answers a record as it would keep it, or every problem of it", async () => {
  const app = await loadApp("zod-schema");
  const post = (path: string, body: unknown) => app.fetch(path, { method: "POST", body: JSON.stringify(body) });
  const order = {
    customer: "C000123",
    currency: "EUR",
    lines: [
      { sku: "TEA-00120", quantity: 3, unitCents: "6.90", discount: { percent: 10 } },
      { sku: "HR-001", quantity: 1, unitCents: 4500 },
    ],
    payment: { method: "card", number: "4111 1111 1111 1111", expires: "07/29", holder: " Mira Sole " },
    shipping: { service: "locker", lockerId: "LV0042" },
    placedAt: "2026-11-22T10:00:00+02:00",
  };
  const kept = await post("/orders", order);
  expect(kept.status).toBe(200);
  expect(await kept.json()).toMatchObject({
    valid: true,
    value: {
      totalCents: 6_363,
      lines: [{ totalCents: 1_863 }, { totalCents: 4_500 }],
      payment: { number: "•••• 1111", holder: "Mira Sole" },
      gift: null,
    },
  });
  const wrong = await post("/orders", {
    ...order,
    lines: [{ sku: "tea", quantity: 0, unitCents: -1 }],
    payment: { method: "transfer", iban: "DE89 3704 0044 0532 0130 01" },
    shipping: {
      service: "parcel",
      address: { country: "LV", name: "M", lines: ["Street 1"], city: "Riga", postalCode: "1010" },
    },
    extra: 1,
  });
  expect(wrong.status).toBe(422);
  const { problems } = (await wrong.json()) as { problems: { path: string }[] };
  expect(problems.map(({ path }) => path).sort()).toEqual([
    "",
    "lines.0.quantity",
    "lines.0.sku",
    "lines.0.unitCents",
    "payment.iban",
    "shipping.address.postalCode",
  ]);
  expect((await post("/orders", { ...order, expectedCents: 1 })).status).toBe(422);
  expect((await post("/order-histories", [{ type: "gone", at: "2026-11-22T10:00:00Z" }])).status).toBe(422);
  expect((await post("/nothing", order)).status).toBe(404);
});

it("zod-schema takes records in an envelope, trees of any depth, and describes its schemas", async () => {
  const app = await loadApp("zod-schema");
  const deliver = (topic: string, data: unknown) => {
    const id = "0190b6a0-7f7e-7c3a-9d55-0c4f6f6b2f10";
    const body = JSON.stringify({ topic, id, sentAt: "2026-11-22T10:00:00Z", partner: "north-sea", data });
    return app.fetch("/deliveries", { method: "POST", body });
  };
  const leaf = { slug: "green", title: { en: "Green" } };
  const tree = [{ slug: "tea", title: { en: "Tea" }, children: [{ ...leaf, children: [leaf] }] }];
  expect((await deliver("categories.replaced", tree)).status).toBe(200);
  expect((await deliver("categories.replaced", [{ ...leaf, children: [{ slug: "No" }] }])).status).toBe(422);
  const loss = { sku: "TEA-00120", quantity: 2, reason: "loss" };
  expect((await deliver("stock.moved", [loss])).status).toBe(422);
  expect((await deliver("stock.moved", [{ ...loss, quantity: -2 }])).status).toBe(200);
  const products = (await (await app.fetch("/products?tag=tea&maxCents=1000")).json()) as { slug: string }[];
  expect(products.map(({ slug }) => slug)).toEqual(["smoked-tea"]);
  expect((await app.fetch("/products?limit=0")).status).toBe(422);
  expect(await (await app.fetch("/schemas/customers")).json()).toMatchObject({
    oneOf: [{ type: "object" }, { type: "object" }],
  });
});

it("counter counts where its module lives on", async () => {
  const app = await loadApp("counter");
  expect(await (await app.fetch("/")).json()).toEqual({ count: 1 });
  expect(await (await app.fetch("/")).json()).toEqual({ count: 2 });
  expect(await (await (await loadApp("counter")).fetch("/")).json()).toEqual({ count: 1 });
});

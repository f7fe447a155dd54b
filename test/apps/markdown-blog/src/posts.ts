import { marked } from "marked";
import { parseFrontMatter } from "./front-matter.ts";
import tides from "./posts/a-table-of-tides.md";
import firstLight from "./posts/first-light.md";
import mendingNets from "./posts/mending-nets.md";

export interface Post {
  readonly slug: string;
  readonly title: string;
  readonly date: string;
  readonly html: string;
}

/** Rendered once, at init: a request finds the HTML ready. Newest first. */
export const posts: readonly Post[] = Object.entries({
  "first-light": firstLight,
  "a-table-of-tides": tides,
  "mending-nets": mendingNets,
})
  .map(([slug, source]) => {
    const { fields, body } = parseFrontMatter(source);
    const html = marked.parse(body, { async: false });
    return { slug, title: fields.get("title") ?? slug, date: fields.get("date") ?? "", html };
  })
  .sort((a, b) => (a.date < b.date ? 1 : -1));

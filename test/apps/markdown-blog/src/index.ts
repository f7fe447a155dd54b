/** A blog: posts in Markdown, rendered at init; style sheet and pictures in `assets`. */
import { marked } from "marked";
import { escapeHtml, renderLayout } from "./layout.ts";
import { posts } from "./posts.ts";

const MAX_PREVIEW_CHARS = 20_000;

function html(body: string, status = 200): Response {
  return new Response(body, { status, headers: { "content-type": "text/html; charset=utf-8" } });
}

function renderHome(): Response {
  const items = posts.map(
    ({ slug, title, date }) => `<li><time>${date}</time> <a href="/posts/${slug}">${escapeHtml(title)}</a></li>`,
  );
  return html(renderLayout("Harbour notes", `<ul>${items.join("")}</ul>`));
}

function renderPost(slug: string): Response {
  const post = posts.find((candidate) => candidate.slug === slug);
  if (post === undefined) return html(renderLayout("Not found", "<p>No such post.</p>"), 404);
  return html(renderLayout(post.title, `<h1>${escapeHtml(post.title)}</h1>${post.html}`));
}

function renderFeed(origin: string): Response {
  const items = posts.map(
    ({ slug, title }) => `<item><title>${escapeHtml(title)}</title><link>${origin}/posts/${slug}</link></item>`,
  );
  const feed = `<?xml version="1.0"?><rss version="2.0"><channel><title>Harbour notes</title>${items.join("")}</channel></rss>\n`;
  return new Response(feed, { headers: { "content-type": "application/rss+xml" } });
}

/** Renders what is posted, so that a writer sees it before it is published. */
async function renderPreview(request: Request): Promise<Response> {
  const text = (await request.text()).slice(0, MAX_PREVIEW_CHARS);
  return html(renderLayout("Preview", marked.parse(text, { async: false })));
}

async function route(request: Request): Promise<Response> {
  const { pathname, origin } = new URL(request.url);
  if (request.method === "POST" && pathname === "/preview") return renderPreview(request);
  if (pathname === "/") return renderHome();
  if (pathname === "/feed.xml") return renderFeed(origin);
  const slug = /^\/posts\/([a-z-]+)$/.exec(pathname)?.[1];
  return renderPost(slug ?? "");
}

export default {
  async fetch(request: Request): Promise<Response> {
    const response = await route(request);
    const tag = request.headers.get("x-request-tag");
    if (tag !== null) response.headers.set("x-request-tag", tag);
    return response;
  },
};

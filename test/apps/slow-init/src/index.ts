/**
 * Computes before it serves: at the top level it builds an index of every word of its reports, with the words that are
 * written most like each. `GET /?q=harbourgate` answers the reports that hold a word; `GET /` the size of the index.
 */
import corpus from "./corpus.txt";
import { buildSearchIndex, lookAround, lookUp } from "./search-index.ts";

const MAX_TERM_CHARS = 63;
const index = buildSearchIndex(corpus);

export default {
  fetch(request: Request): Response {
    const term = new URL(request.url).searchParams.get("q")?.toLowerCase().slice(0, MAX_TERM_CHARS);
    const tag = request.headers.get("x-request-tag");
    const answer =
      term === undefined
        ? { terms: index.termCount, documents: index.documentCount }
        : { term, postings: lookUp(index, term), similar: lookAround(index, term) };
    return Response.json(answer, tag === null ? {} : { headers: { "x-request-tag": tag } });
  },
};

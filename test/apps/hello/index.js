/** The smallest app that still names the request that it answers. */
export default {
  fetch(request) {
    const tag = request.headers.get("x-request-tag");
    if (tag === null) return new Response("Hello, World!\n");
    return new Response("Hello, World!\n", { headers: { "x-request-tag": tag } });
  },
};

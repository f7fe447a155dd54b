/**
 * Shows what a request sees of the state at module level: in `request` mode what init left, so that every answer is 1;
 * in `app` mode what the requests before it left, so that answers count.
 */
let count = 0;

export default {
  fetch(request) {
    count += 1;
    const tag = request.headers.get("x-request-tag");
    return Response.json({ count }, tag === null ? {} : { headers: { "x-request-tag": tag } });
  },
};

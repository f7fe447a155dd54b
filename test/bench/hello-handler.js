export default {
  fetch() {
    return new Response("Hello from the bench\n", { headers: { "content-type": "text/plain" } });
  },
};

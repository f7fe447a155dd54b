export function GET() {
  const lines = ["one\n", "two\n", "three\n"];
  const body = new ReadableStream({
    pull(controller) {
      const line = lines.shift();
      if (line === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(line));
    },
  });
  return new Response(body, { headers: { "content-type": "text/plain" } });
}

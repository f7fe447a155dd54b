export function loader() {
  return new Response(ReadableStream.from(["one\n", "two\n", "three\n"]).pipeThrough(new TextEncoderStream()));
}

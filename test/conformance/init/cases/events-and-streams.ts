/** Events, aborts, channels and streams that the top level leaves in whatever state. */
import type { InitCases } from "../init-case.ts";

export const eventAndStreamCases: InitCases = {
  subject: "events and streams",
  cases: [
    {
      name: "an EventTarget with listeners",
      top: `const target = new EventTarget(); const seen = []; target.addEventListener("x", (event) => seen.push(event.type), { once: true }); target.addEventListener("y", { handleEvent: (event) => seen.push(event.detail) });
        target.dispatchEvent(new Event("x")); target.dispatchEvent(new CustomEvent("y", { detail: 5 }));`,
      answer: `(target.dispatchEvent(new Event("x")), seen)`,
      expected: ["x", 5],
    },
    {
      name: "events of each kind",
      top: `const events = [new MessageEvent("m", { data: 1 }), new ErrorEvent("e", { message: "bad" }), new CloseEvent("c", { code: 1000 }), new PromiseRejectionEvent("r", { promise: Promise.resolve(), reason: "why" })];`,
      answer: `[events[0].data, events[1].message, events[2].code, events[3].reason, events.every((event) => event instanceof Event)]`,
      expected: [1, "bad", 1000, "why", true],
    },
    {
      name: "listeners of the global scope",
      top: `const heard = []; const off = () => heard.push("off"); addEventListener("ping", (event) => heard.push(event.type)); addEventListener("ping", off); removeEventListener("ping", off); dispatchEvent(new Event("ping"));`,
      answer: `(dispatchEvent(new Event("pong")), heard)`,
      expected: ["ping"],
    },
    {
      name: "a listener for fetch events, and no export",
      top: `addEventListener("fetch", (event) => event.respondWith(Response.json(new URL(event.request.url).pathname)));`,
      handler: "",
      expected: "/path",
    },
    {
      name: "an error that is reported",
      top: `reportError(new RangeError("reported")); const after = true;`,
      answer: "after",
      expected: true,
      logs: [/Uncaught RangeError: reported/],
      errors: [/RangeError: reported/],
    },
    {
      name: "an error that a listener of the global is told of, now and later",
      top: `const told = []; addEventListener("error", (e) => { told.push(e.message); e.preventDefault(); }); reportError(new RangeError("at init"));`,
      answer: `(told.length = 1, reportError(new RangeError("later")), told)`,
      expected: ["Uncaught RangeError: at init", "Uncaught RangeError: later"],
    },
    {
      name: "event handlers of the global",
      top: `const told = []; onerror = (message) => (told.push(message), true); onunhandledrejection = () => told.push("unhandled"); onrejectionhandled = null; reportError(new RangeError("at init"));`,
      answer: `(told.length = 1, reportError(new RangeError("later")), dispatchEvent(new Event("unhandledrejection")), [told, typeof onerror, onrejectionhandled])`,
      expected: [["Uncaught RangeError: at init", "Uncaught RangeError: later", "unhandled"], "function", null],
    },
    {
      name: "a listener of performance",
      top: `let heard = 0; performance.addEventListener("x", () => heard++); performance.dispatchEvent(new Event("x")); const isOne = performance instanceof Performance;`,
      answer: `(heard = 1, performance.dispatchEvent(new Event("x")), [heard, isOne])`,
      expected: [2, true],
    },
    {
      name: "a rejection that nobody handles",
      top: `Promise.reject(new Error("lost at init"));`,
      logs: [/Unhandled rejection at the top level: Error: lost at init/],
      errors: [/lost at init/],
    },
    {
      name: "abort signals",
      top: `const controller = new AbortController(); let why; controller.signal.addEventListener("abort", () => { why = controller.signal.reason; }); controller.abort("stop"); const any = AbortSignal.any([controller.signal, AbortSignal.timeout(3_600_000)]); const open = new AbortController();`,
      answer: `(open.abort(), [why, any.aborted, AbortSignal.abort().aborted, open.signal.reason.name])`,
      expected: ["stop", true, true, "AbortError"],
    },
    {
      name: "a signal that timed out",
      top: `const signal = AbortSignal.timeout(10); let fired = 0; signal.onabort = () => { fired += 1; };`,
      answer: `[signal.aborted, signal.reason.name, fired]`,
      expected: [true, "TimeoutError", 1],
    },
    {
      name: "a WebSocketPair whose ends have spoken",
      top: `const [left, right] = new WebSocketPair(); const got = []; left.accept(); right.accept(); right.onmessage = ({ data }) => got.push(data); left.send("a"); left.send("b"); const isSocket = left instanceof WebSocket;`,
      answer: `[got, isSocket, left.readyState === WebSocket.OPEN]`,
      expected: [["a", "b"], true, true],
    },
    {
      name: "a MessageChannel with messages delivered",
      top: `const { port1, port2 } = new MessageChannel(); const got = []; port1.onmessage = (event) => got.push(event.data); port2.postMessage({ a: [1] }); const isPort = port1 instanceof MessagePort;`,
      answer: `[got, isPort]`,
      expected: [[{ a: [1] }], true],
    },
    {
      name: "a MessageChannel that a request uses",
      top: `const channel = new MessageChannel(); let resolve; channel.port1.onmessage = (event) => resolve(event.data);`,
      answer: `new Promise((done) => { resolve = done; channel.port2.postMessage(3); })`,
      expected: 3,
    },
    {
      name: "a stream that was read to its end",
      top: `const stream = new ReadableStream({ start(c) { c.enqueue("a"); c.enqueue("b"); c.close(); } }, new CountQueuingStrategy({ highWaterMark: 2 }));
        const chunks = []; for await (const chunk of stream) chunks.push(chunk);`,
      answer: `[chunks, stream.locked]`,
      expected: [["a", "b"], false],
    },
    {
      name: "a stream half read",
      top: `let n = 0; const stream = new ReadableStream({ pull(c) { if (++n > 3) c.close(); else c.enqueue(n); } }); const reader = new ReadableStreamDefaultReader(stream); const first = (await reader.read()).value;`,
      answer: `[first, (await reader.read()).value]`,
      expected: [1, 2],
      expectedAgain: [1, 3],
    },
    {
      name: "a pending read of a stream",
      top: `let controller; const stream = new ReadableStream({ start(c) { controller = c; } }); const pending = stream.getReader().read(); const kinds = [controller instanceof ReadableStreamDefaultController];`,
      answer: `(kinds.length === 1 && (controller.enqueue("late"), kinds.push(1)), [(await pending).value, kinds[0]])`,
      expected: ["late", true],
    },
    {
      name: "a byte stream",
      top: `const kinds = []; const bytes = new ReadableStream({ type: "bytes", pull(c) { kinds.push(c instanceof ReadableByteStreamController, c.byobRequest instanceof ReadableStreamBYOBRequest); c.byobRequest.view[0] = 9; c.byobRequest.respond(1); } });
        const reader = bytes.getReader({ mode: "byob" }); const { value } = await reader.read(new Uint8Array(4)); const isByob = reader instanceof ReadableStreamBYOBReader;`,
      answer: `[...value, ...kinds, isByob]`,
      expected: [9, true, true, true],
    },
    {
      name: "a stream that writes",
      top: `const written = []; const sink = new WritableStream({ write(chunk, c) { written.push(chunk, c instanceof WritableStreamDefaultController); } }, new ByteLengthQueuingStrategy({ highWaterMark: 16 }));
        const writer = sink.getWriter(); await writer.write(Uint8Array.of(1)); const isWriter = writer instanceof WritableStreamDefaultWriter;`,
      answer: `[[...written[0]], written[1], isWriter, writer.desiredSize]`,
      expected: [[1], true, true, 16],
    },
    {
      name: "streams that transform",
      top: `let kind; const upper = new TransformStream({ transform(chunk, c) { kind = c instanceof TransformStreamDefaultController; c.enqueue(chunk.toUpperCase()); } });
        const source = new ReadableStream({ start(c) { c.enqueue("ab"); c.close(); } }); const all = []; for await (const chunk of source.pipeThrough(upper).pipeThrough(new TextEncoderStream()).pipeThrough(new TextDecoderStream())) all.push(chunk);`,
      answer: `[all.join(""), kind]`,
      expected: ["AB", true],
    },
    {
      name: "streams that compress, written to by requests",
      top: `const packer = new CompressionStream("gzip"); const unpacker = new DecompressionStream("gzip"); const unpacked = packer.readable.pipeThrough(unpacker); let text;`,
      answer: `await (text ??= (() => { const writer = packer.writable.getWriter(); writer.write(new TextEncoder().encode("packed")); writer.close(); return new Response(unpacked).text(); })())`,
      expected: "packed",
    },
    {
      name: "a tee, and a body made of one of its branches",
      top: `const [left, right] = new Response("abc").body.tee(); const text = await new Response(left).text();`,
      answer: `[text, right.locked]`,
      expected: ["abc", false],
    },
  ],
};

/** `naive-host.main.ts JOB`: what a host would be that trusts `node:vm`, and what comes out of it. */
import { createContext, runInContext } from "node:vm";
import type { UnlimitedJob } from "./unlimited-app.main.ts";

const job = JSON.parse(process.argv[2] ?? "") as UnlimitedJob;
const context = createContext({
  Response,
  URL,
  setTimeout,
  __nano_app__: (app: () => { default: Handler }) => app().default,
});
const handler = runInContext(job.script, context) as Handler;
process.stdout.write("ready\n");
try {
  await handler.fetch(new Request("http://subject.test/"), {}, {});
} catch (error) {
  report(error);
}
process.stdout.write("{}\n");
process.exit(0);

interface Handler {
  fetch(request: Request, env: object, context: object): Promise<Response>;
}

/** Reads it as an error of its own. */
function report(error: unknown): void {
  const { name, message, stack } = error as Error;
  process.stderr.write(`${name} ${message} ${stack}`);
}

/** Makes one file of the process, and of what each build starts anew. */
import { buildEntries } from "@nano/service-kit/build-entries";

await buildEntries(import.meta.dirname, ["src/main.ts", "src/build-child.main.ts"]);

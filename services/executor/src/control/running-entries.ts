export { readRunningEntries } from "../flight-recorder.ts";

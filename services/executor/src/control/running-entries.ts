import { type RunningEntry, readRunningEntry } from "../flight-recorder.ts";

export function readRunningEntries(fd: number): RunningEntry[] {
  const entry = readRunningEntry(fd);
  return entry === null ? [] : [entry];
}

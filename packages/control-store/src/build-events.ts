/** Bounds of what a build may leave behind. */
import type { BuildEvent } from "@nano/protocol/records";

/** Events kept of one build; older ones leave first. */
export const MAX_EVENTS_PER_BUILD = 1000;
/** Longest text of a log event. */
export const MAX_LOG_CHARS = 8 * 1024;
/** Largest event, as JSON. */
export const MAX_EVENT_BYTES = 64 * 1024;

/** The event as it is kept: a long text is cut, an error's oversized details are left out. */
export function boundBuildEvent(event: BuildEvent): BuildEvent {
  if (event.type === "log" && event.text.length > MAX_LOG_CHARS) {
    return { ...event, text: `${event.text.slice(0, MAX_LOG_CHARS)}…` };
  }
  if (event.type === "failed" && Buffer.byteLength(JSON.stringify(event)) > MAX_EVENT_BYTES) {
    return {
      type: "failed",
      error: { ...event.error, message: event.error.message.slice(0, MAX_LOG_CHARS), details: {} },
    };
  }
  return event;
}

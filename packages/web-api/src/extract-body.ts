/** Bodies made of what is no string. */
import { Body } from "./body.ts";
import { copyBytes } from "./bytes.ts";
import { convertObjectBody } from "./object-body.ts";
import { TypeErrorCtor } from "./primordials.ts";
import { isDisturbed, isLocked, isReadableStream } from "./stream-state.ts";

/** "Extract a body" of the Fetch standard, from a BodyInit that is neither null nor a string. */
export function extractBodyOfObject(init: unknown): Body {
  const body = new Body();
  if (isReadableStream(init)) {
    if (isDisturbed(init) || isLocked(init)) {
      throw new TypeErrorCtor("The stream given as a body was read from or is locked");
    }
    body.stream = init;
    return body;
  }
  const bytes = copyBytes(init);
  if (bytes !== undefined) {
    body.data = bytes;
    return body;
  }
  const converted = convertObjectBody(init);
  if (converted !== undefined) {
    body.data = converted.data;
    body.contentType = converted.contentType;
    return body;
  }
  body.data = `${init as string}`;
  body.contentType = "text/plain;charset=UTF-8";
  return body;
}

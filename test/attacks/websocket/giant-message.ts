import { encodeFrame, Opcode } from "../../support/websocket-frames.ts";
import { endlessMessage } from "../harness/websocket-attacks.ts";

const SENT_BYTES = 4 * 1024 * 1024;
const SAID_BYTES = 1024 ** 3;

export const attack = endlessMessage("Sends a message of a gibibyte.", {
  bytes: encodeFrame({ opcode: Opcode.BINARY, payload: Buffer.alloc(SENT_BYTES), saidBytes: SAID_BYTES }),
  ends: ["1009"],
});

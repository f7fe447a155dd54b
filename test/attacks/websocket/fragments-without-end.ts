import { encodeFrame, Opcode } from "../../support/websocket-frames.ts";
import { endlessMessage } from "../harness/websocket-attacks.ts";

const COUNT = 300_000;
const EMPTY = encodeFrame({ opcode: Opcode.CONTINUATION, isLast: false });

export const attack = endlessMessage("Sends a message in fragments without end, none of which holds a byte.", {
  bytes: Buffer.concat([encodeFrame({ opcode: Opcode.TEXT, isLast: false }), ...Array<Buffer>(COUNT).fill(EMPTY)]),
  ends: ["1008"],
});

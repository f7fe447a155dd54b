/** The sync protocol of Yjs over a document of the connection's own; a message is of `y-websocket`'s form, kind 0. */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as sync from "y-protocols/sync";
import * as Y from "yjs";

const SYNC = 0;

export default {
  fetch() {
    const [client, server] = new WebSocketPair();
    const doc = new Y.Doc();
    doc.getText("text").insert(0, "from the server");

    const send = (write) => {
      const encoder = encoding.createEncoder();
      encoding.writeVarUint(encoder, SYNC);
      write(encoder);
      server.send(encoding.toUint8Array(encoder));
    };

    server.accept();
    server.binaryType = "arraybuffer";
    server.addEventListener("message", ({ data }) => {
      const decoder = decoding.createDecoder(new Uint8Array(data));
      if (decoding.readVarUint(decoder) !== SYNC) return;
      const encoder = encoding.createEncoder();
      encoding.writeVarUint(encoder, SYNC);
      sync.readSyncMessage(decoder, encoder, doc, server);
      if (encoding.length(encoder) > 1) server.send(encoding.toUint8Array(encoder));
    });
    doc.on("update", (update, origin) => {
      // What the client changed is answered by a change of the server's.
      if (origin === server) doc.getMap("seen").set("length", doc.getText("text").length);
      else send((encoder) => sync.writeUpdate(encoder, update));
    });
    send((encoder) => sync.writeSyncStep1(encoder, doc));
    return new Response(null, { status: 101, webSocket: client });
  },
};

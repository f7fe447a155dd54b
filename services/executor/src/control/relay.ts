/**
 * Joins a router's TLS connection to a worker's Unix socket: a TLS socket cannot be handed to another process, and the key must not be in a
 * worker. Bytes pass both ways with back-pressure; what ends one side ends the other.
 */
import { connect, type Socket } from "node:net";
import { pipeline } from "node:stream";

/** @param received what was read of it already */
export function relay(socket: Socket, received: Buffer, workerSocketPath: string): void {
  const worker = connect({ path: workerSocketPath });
  worker.write(received);
  const end = (): void => {
    socket.destroy();
    worker.destroy();
  };
  pipeline(socket, worker, (error) => error && end());
  pipeline(worker, socket, end);
}

/** Listening on what a configuration calls an address: `host:port` or the absolute path of a Unix socket. */
import { chmodSync, mkdirSync, unlinkSync } from "node:fs";
import { connect, type ListenOptions, type Server } from "node:net";
import { dirname } from "node:path";
import { errors } from "./errors.ts";

export type ParsedAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** `127.0.0.1:8080`, `[::1]:8080` or `/run/nano/x.sock` in parts, for `listen` and `connect`. */
export function parseAddress(address: string): ParsedAddress {
  if (address.startsWith("/")) return { path: address };
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(address.slice(colon + 1)) };
}

function listenOnce(server: Server, options: ListenOptions): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException): void => resolve(error);
    server.once("error", onError);
    server.listen(options, () => {
      server.off("error", onError);
      resolve(null);
    });
  });
}

/** Whether somebody answers at a Unix socket; a file left behind by a killed process does not. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Address a server listens on, as a configuration writes it. */
export function boundAddress(server: Server): string {
  const bound = server.address();
  if (bound === null) return "";
  if (typeof bound === "string") return bound;
  return bound.family === "IPv6" ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
}

/**
 * Starts a server (of `node:net` or `node:http`) and gives the address that it got.
 *
 * A Unix socket is for this user alone, and one that a killed process left behind is replaced.
 * @throws KIT_ADDRESS_IN_USE, KIT_LISTEN_FAILED
 */
export async function listenOn(server: Server, address: string): Promise<string> {
  const parsed = parseAddress(address);
  if ("path" in parsed) mkdirSync(dirname(parsed.path), { recursive: true, mode: 0o700 });
  let error = await listenOnce(server, parsed);
  if (error?.code === "EADDRINUSE" && "path" in parsed && !(await isAnswered(parsed.path))) {
    unlinkSync(parsed.path);
    error = await listenOnce(server, parsed);
  }
  if (error !== null) {
    if (error.code === "EADDRINUSE") throw errors.ADDRESS_IN_USE({ address }, error);
    throw errors.LISTEN_FAILED({ address, why: error.message }, error);
  }
  if ("path" in parsed) chmodSync(parsed.path, 0o600);
  return boundAddress(server);
}

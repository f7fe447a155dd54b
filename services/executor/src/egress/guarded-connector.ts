/**
 * Opens sockets to addresses that the guard allows, and to no other.
 *
 * I1 The address that is checked is the address that is connected to: names are resolved once, inside the connect.
 * I2 An address that is written in the URL never reaches name resolution; it is checked before the connect.
 * I3 The peer of every socket is checked once more before a byte is written.
 * I4 `localhost` and names below it are loopback addresses, whatever a resolver says (RFC 6761).
 */
import type { LookupAddress, LookupOptions } from "node:dns";
import { isIP, type LookupFunction, type Socket } from "node:net";
import { isNanoError } from "@nano/protocol/errors";
import type { buildConnector } from "undici";
import type { AddressGuard } from "./address-guard.ts";
import { egressErrors } from "./errors.ts";

/** Addresses of one name that are tried; a hostile zone could send thousands. */
const MAX_ADDRESSES = 16;
const LOCALHOST = /^(?:.+\.)?localhost\.?$/i;
const LOOPBACK: readonly LookupAddress[] = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];

export type ResolveName = (hostname: string) => Promise<readonly LookupAddress[]>;

/** undici's `buildConnector`, or a test's own. */
export type CreateConnector = (options: {
  lookup: LookupFunction;
  timeout: number;
  allowH2: boolean;
}) => buildConnector.connector;

export interface GuardedConnectorOptions {
  readonly guard: AddressGuard;
  readonly resolveName: ResolveName;
  readonly createConnector: CreateConnector;
  readonly connectTimeoutMs: number;
  /** Hears of every socket once it is connected. */
  readonly onSocket: (socket: Socket) => void;
}

export function createGuardedConnector(options: GuardedConnectorOptions): buildConnector.connector {
  const { guard, connectTimeoutMs } = options;
  const connect = options.createConnector({
    lookup: guardedLookup(options),
    timeout: connectTimeoutMs,
    allowH2: false,
  });
  return (target, callback) => {
    const host = target.hostname;
    if (isIP(host) !== 0) {
      const rule = guard.check(host);
      if (rule !== null) {
        queueMicrotask(() => callback(egressErrors.ADDRESS_REFUSED({ host, rule }), null));
        return;
      }
    }
    connect(target, (...[error, socket]) => {
      if (error !== null) {
        callback(connectError(error, host, connectTimeoutMs), null);
        return;
      }
      const rule = guard.check(socket.remoteAddress ?? "");
      if (rule !== null) {
        socket.destroy();
        callback(egressErrors.ADDRESS_REFUSED({ host, rule }), null);
        return;
      }
      options.onSocket(socket);
      callback(null, socket);
    });
  };
}

function guardedLookup({ guard, resolveName }: GuardedConnectorOptions): LookupFunction {
  return (hostname: string, options: LookupOptions, callback) => {
    allowedAddresses(hostname, guard, resolveName).then(
      (addresses) => {
        const first = addresses[0] as LookupAddress;
        if (options.all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ""),
    );
  };
}

/** Those of a name's addresses that are allowed, at least one. @throws EGRESS_ADDRESS_REFUSED, EGRESS_NAME_NOT_FOUND */
async function allowedAddresses(
  host: string,
  guard: AddressGuard,
  resolveName: ResolveName,
): Promise<readonly LookupAddress[]> {
  let found: readonly LookupAddress[];
  try {
    found = LOCALHOST.test(host) ? LOOPBACK : await resolveName(host);
  } catch (cause) {
    throw egressErrors.NAME_NOT_FOUND({ host }, cause);
  }
  if (found.length === 0) throw egressErrors.NAME_NOT_FOUND({ host });
  const allowed: LookupAddress[] = [];
  let firstRule = "";
  for (const each of found.slice(0, MAX_ADDRESSES)) {
    const rule = guard.check(each.address);
    if (rule === null) allowed.push(each);
    else firstRule ||= rule;
  }
  if (allowed.length === 0) throw egressErrors.ADDRESS_REFUSED({ host, rule: firstRule });
  return allowed;
}

/** Node's and undici's messages name addresses; the tenant gets the code alone. */
function connectError(error: Error, host: string, limitMs: number): Error {
  if (isNanoError(error)) return error;
  const code = (error as NodeJS.ErrnoException).code ?? error.name;
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT") {
    return egressErrors.TIMEOUT({ host, phase: "connect", limitMs }, error);
  }
  return egressErrors.CONNECT_FAILED({ host, cause: code }, error);
}

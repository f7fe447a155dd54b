/** Who asks, and what they may do. */
import type { AppName } from "@nano/protocol/brands";
import type { TokenRole } from "@nano/protocol/records";
import { errors } from "../errors.ts";

export interface Principal {
  /** Null over the Unix socket. */
  readonly id: string | null;
  readonly name: string;
  readonly role: TokenRole;
  /** Apps that a deployer is given; null: all. */
  readonly apps: readonly AppName[] | null;
  readonly expiresAt: string | null;
}

/** Who may open the socket says the file system. */
export const SOCKET_PRINCIPAL: Principal = {
  id: null,
  name: "unix socket",
  role: "operator",
  apps: null,
  expiresAt: null,
};

/** What an operation asks for: of the app in its path, or of everything. */
export type Access =
  /** Whoever has signed in. What is shown may be less for some. */
  | "any"
  /** Operators and readers: what belongs to no app. */
  | "look"
  /** Operators, readers, and deployers of the app. */
  | "look-app"
  /** Operators, and deployers of whatever app. */
  | "deploy"
  /** Operators, and deployers of the app. */
  | "change-app"
  | "operate";

export function mayLookAt({ role, apps }: Principal, app: AppName): boolean {
  return role !== "deployer" || apps === null || apps.includes(app);
}

/** @throws REGISTRY_FORBIDDEN, the same whether there is such an app or not */
export function authorise(principal: Principal, access: Access, app: AppName | null): void {
  const { role } = principal;
  const isOwn = app !== null && mayLookAt(principal, app);
  const isAllowed = {
    any: true,
    look: role !== "deployer",
    "look-app": isOwn,
    deploy: role !== "reader",
    "change-app": role !== "reader" && isOwn,
    operate: false,
  }[access];
  if (role === "operator" || isAllowed) return;
  throw errors.FORBIDDEN({ token: principal.id ?? "", role, needed: neededRole(access, app) });
}

function neededRole(access: Access, app: AppName | null): string {
  switch (access) {
    case "look":
      return "operator or reader";
    case "look-app":
      return `operator, reader, or deployer of ${app}`;
    case "deploy":
      return "operator or deployer";
    case "change-app":
      return `operator, or deployer of ${app}`;
    default:
      return "operator";
  }
}

/** Says at the start what whoever runs a registry over TCP has to do before anybody can sign in. */
import { isIP } from "node:net";
import { parseAddress } from "@nano/service-kit/listen";
import type { Logger } from "@nano/service-kit/logger";
import type { RegistryConfig } from "./config.ts";

const HOW_TO =
  "make a token: printf 'nano_%s_%s' \"$(openssl rand -hex 8)\" \"$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=')\" > FILE, and name FILE in tokens.bootstrap; or POST /v1/tokens over http.socketPath";

export interface SignInFacts {
  readonly config: RegistryConfig;
  readonly logger: Logger;
  /** Whether the store has any. */
  readonly hasTokens: boolean;
}

export function tellHowToSignIn({ config, logger, hasTokens }: SignInFacts): void {
  const { address, tls } = config.http;
  const parsed = parseAddress(address);
  if ("path" in parsed) return;
  const isLocal =
    parsed.host === "localhost" || parsed.host === "::1" || (isIP(parsed.host) === 4 && parsed.host.startsWith("127."));
  if (config.tokens.bootstrap === null && !hasTokens) {
    logger[isLocal ? "info" : "warn"](`nobody can sign in over TCP: ${HOW_TO}`, { address });
  }
  if (!isLocal && tls.certFile === null) {
    logger.warn("API is served without TLS: tokens and secrets travel in the open, unless somebody in front ends TLS", {
      address,
    });
  }
}

import type { Attack } from "../harness/attack.ts";
import { fetchAttack, INTERNET, reachUnguarded, strikeWith, type UrlOf, withServer } from "../harness/outbound.ts";

const LOOPBACK: UrlOf = (port) => `http://127.0.0.1:${port}/`;

/** A server that apps may reach, and that sends them on. */
function redirecting<T>(to: string, use: (url: string) => Promise<T>, onAsked?: () => void): Promise<T> {
  return withServer(
    INTERNET,
    (_, res) => {
      onAsked?.();
      res.writeHead(302, { location: to }).end();
    },
    (port) => use(`http://${INTERNET}:${port}/`),
  );
}

export const attack: Attack = {
  ...fetchAttack("Fetches from a server of the internet that redirects to the loopback address.", LOOPBACK),
  async strike(target) {
    let isAsked = false;
    const outcome = await redirecting(
      LOOPBACK(target.nano.port),
      (url) => strikeWith(target, url),
      () => {
        isAsked = true;
      },
    );
    return isAsked ? outcome : { isContained: false, what: "the redirect was not reached" };
  },
  undefended: () =>
    withServer(
      "127.0.0.1",
      (_, res) => res.end("what no app may see"),
      (port) => redirecting(LOOPBACK(port), (url) => reachUnguarded(() => url)),
    ),
};

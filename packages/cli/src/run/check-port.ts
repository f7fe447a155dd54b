/** Tells a taken port before any service is started, in the words of whoever chose the port. */
import { createServer } from "node:net";
import { errors } from "../errors.ts";

export interface PortUse {
  readonly host: string;
  readonly port: number;
  /** `--port` */
  readonly option: string;
  /** `server.port` */
  readonly key: string;
}

/** What else prevents listening is left to the service, which says it. @throws CTL_PORT_IN_USE */
export async function checkPort({ host, port, option, key }: PortUse): Promise<void> {
  if (port === 0) return;
  const bare = host.replace(/^\[|\]$/g, "");
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") reject(errors.PORT_IN_USE({ host: bare, port, option, key }, error));
      else resolve();
    });
    server.listen(port, bare, () => server.close(() => resolve()));
  });
}

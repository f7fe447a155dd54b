/**
 * The life of a service process, from its arguments to its exit code. Only a `main.ts` calls this.
 *
 *   loading ──▶ starting ──▶ running ──▶ closing ──▶ exit
 *
 * I1 Nothing opens before the configuration is known to be good: otherwise exit code `EXIT_CONFIG`.
 * I2 The process ends within `shutdown.graceMs` of a signal to end, finished or not.
 * I3 A process that was started with an IPC channel does not outlive the other end of it.
 * I4 What nobody caught is logged and ends the process: its state is not known any more.
 */
import { parseArgs } from "node:util";
import { isNanoError, toWireError } from "@nano/protocol/errors";
import { type AdminHandler, type AdminServer, openAdminServer, READY, type Readiness } from "./admin-server.ts";
import {
  type ConfigDefinition,
  type ConfigOf,
  type ConfigShape,
  type commonShape,
  type LoadedConfig,
  loadConfig,
} from "./config.ts";
import { formatConfig, formatConfigProblems, renderConfigTable } from "./config-text.ts";
import { errors } from "./errors.ts";
import { LineSink } from "./line-sink.ts";
import { createLogger, type Logger } from "./logger.ts";
import { Metrics } from "./metrics.ts";

export const EXIT_OK = 0;
export const EXIT_ERROR = 1;
export const EXIT_USAGE = 2;
export const EXIT_CONFIG = 3;
export const EXIT_INTERRUPTED = 130;

/** What a running service gives back. */
export interface RunningService {
  /** Ends it; `deadline` aborts when the grace is over and the process leaves. */
  close(deadline: AbortSignal): Promise<void>;
  /** Asked at each /readyz. @default always ready once started */
  readiness?(): Readiness;
  /** Where it listens, by name, for a parent process. */
  readonly addresses?: Readonly<Record<string, string>>;
  /** GET paths of its own on the admin address. @default none */
  readonly adminHandlers?: Readonly<Record<string, AdminHandler>>;
}

export interface ServiceContext<Config> {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Writes a line that is no log line of the service among those that are: with its line feed, under the same bound. */
  writeLine(line: string): void;
  /** Ends the service as SIGTERM does: for a part that cannot go on. The exit code is `EXIT_ERROR`. */
  fail(error: unknown): void;
}

type Shape = ConfigShape & typeof commonShape;

export interface ServiceOptions<S extends ConfigShape> {
  /** In logs, metric names and to the parent: `router`. */
  readonly name: string;
  readonly config: ConfigDefinition<S>;
  start(context: ServiceContext<ConfigOf<S>>): Promise<RunningService>;
}

/** Sent to the parent process once the service listens. */
export interface ReadyMessage {
  readonly type: "ready";
  readonly name: string;
  readonly addresses: Readonly<Record<string, string>>;
}

function readArguments(): { file?: string; printConfig: boolean; printConfigTable: boolean } {
  const { values } = parseArgs({
    options: {
      config: { type: "string" },
      "print-config": { type: "boolean", default: false },
      "print-config-table": { type: "boolean", default: false },
    },
  });
  return {
    ...(values.config === undefined ? {} : { file: values.config }),
    printConfig: values["print-config"],
    printConfigTable: values["print-config-table"],
  };
}

/** The configuration, or null where the process is to end with `process.exitCode`. */
function readConfig<S extends ConfigShape>(definition: ConfigDefinition<S>): LoadedConfig<ConfigOf<S>> | null {
  let args: ReturnType<typeof readArguments>;
  try {
    args = readArguments();
  } catch (cause) {
    process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
    process.exitCode = EXIT_USAGE;
    return null;
  }
  if (args.printConfigTable) {
    process.stdout.write(`${renderConfigTable(definition)}\n`);
    return null;
  }
  try {
    const loaded = loadConfig(definition, {
      env: process.env,
      ...(args.file === undefined ? {} : { file: args.file }),
      checksPlaces: !args.printConfig,
    });
    if (!args.printConfig) return loaded;
    process.stdout.write(`${formatConfig(loaded.entries)}\n`);
  } catch (error) {
    if (!isNanoError(error) || error.code !== errors.CONFIG_INVALID.code) throw error;
    process.stderr.write(`${formatConfigProblems(error)}\n`);
    process.exitCode = EXIT_CONFIG;
  }
  return null;
}

/** Starts the service, and sees it to its end. Returns once it runs, or has failed to. */
export async function runService<S extends ConfigShape>(options: ServiceOptions<S>): Promise<void> {
  const loaded = readConfig(options.config);
  if (loaded === null) {
    if (process.connected) process.disconnect?.();
    return;
  }
  // Every definition has the common groups; the generic parameter cannot say so.
  const common = loaded.value as unknown as ConfigOf<Shape>;
  const sink = new LineSink(1);
  const logger = createLogger({ service: options.name, level: common.log.level, sink });
  const metrics = new Metrics(options.name);
  let service: RunningService | null = null;
  let admin: AdminServer | null = null;
  let closing = false;

  const leave = (exitCode: number): never => {
    logger.flush();
    process.exit(exitCode);
  };

  const shutDown = (exitCode: number, why: string): void => {
    if (closing) return;
    closing = true;
    logger.info("closing", { why });
    const { graceMs } = common.shutdown;
    const deadline = new AbortController();
    setTimeout(() => {
      deadline.abort();
      logger.error("close timed out", { err: errors.CLOSE_TIMEOUT({ graceMs }) });
      leave(EXIT_ERROR);
    }, graceMs);
    // Admin answers to the end: that a service is not ready, and what it counts while it drains, are asked for then.
    const closed = (async () => {
      try {
        await service?.close(deadline.signal);
      } finally {
        await admin?.close();
      }
    })();
    closed.then(
      () => {
        logger.info("closed");
        leave(exitCode);
      },
      (err) => {
        logger.error("close failed", { err });
        leave(EXIT_ERROR);
      },
    );
  };

  const die = (msg: string) => (err: unknown) => {
    logger.error(msg, { err, code: toWireError(err).code });
    leave(EXIT_ERROR);
  };
  process.on("uncaughtException", die("uncaught exception"));
  process.on("unhandledRejection", die("unhandled rejection"));
  process.on("SIGTERM", () => shutDown(EXIT_OK, "SIGTERM"));
  process.on("SIGINT", () => {
    // A terminal sends SIGINT to every process of the group; only the person's second one is impatience.
    if (closing && process.send === undefined) leave(EXIT_INTERRUPTED);
    shutDown(EXIT_OK, "SIGINT");
  });
  if (process.send !== undefined) process.on("disconnect", () => shutDown(EXIT_OK, "parent left"));

  metrics.collectProcessMetrics();
  try {
    service = await options.start({
      config: loaded.value,
      logger,
      metrics,
      writeLine: (line) => sink.write(line),
      fail: (err) => {
        logger.error("service failed", { err });
        shutDown(EXIT_ERROR, "service failed");
      },
    });
    const running = service;
    if (common.admin.address !== null) {
      admin = await openAdminServer({
        address: common.admin.address,
        metrics,
        logger: logger.child({ component: "admin" }),
        handlers: running.adminHandlers ?? {},
        readiness: () => {
          if (closing) return { isReady: false, reason: "closing" };
          return running.readiness?.() ?? READY;
        },
      });
    }
  } catch (err) {
    logger.error("start failed", { err });
    leave(EXIT_ERROR);
  }
  const addresses = { ...service?.addresses, ...(admin === null ? {} : { admin: admin.address }) };
  logger.info("ready", { addresses });
  const ready: ReadyMessage = { type: "ready", name: options.name, addresses };
  if (process.connected) process.send?.(ready);
}

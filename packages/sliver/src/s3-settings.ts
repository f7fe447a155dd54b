/** Where a bucket is and how it is reached. */

/** A secret that is read anew now and then, so that a rotated one is taken up. */
export interface ReadableSecret {
  read(): string;
}

export interface S3Settings {
  readonly bucket: string;
  /** What the keys of all objects begin with. */
  readonly prefix: string;
  /** Null: what the environment of the client says. */
  readonly region: string | null;
  /** URL of a server that speaks like S3. Null: that of the environment, or AWS's of the region. */
  readonly endpoint: string | null;
  /** The bucket is named in the path, and not in the host's name. */
  readonly pathStyle: boolean;
  /** Null, both: those that the client finds by itself. */
  readonly accessKeyId: string | null;
  readonly secretAccessKey: ReadableSecret | null;
  /** How long a request waits for an answer, and an answer for its next bytes. */
  readonly timeoutMs: number;
  /** How often a request is tried. */
  readonly attemptCount: number;
  /** Requests at a time, and sockets. */
  readonly concurrentCount: number;
}

export const DEFAULT_S3_PREFIX = "nano/";
export const DEFAULT_S3_TIMEOUT_MS = 10_000;
export const DEFAULT_S3_ATTEMPTS = 3;
export const DEFAULT_S3_CONCURRENT_COUNT = 16;

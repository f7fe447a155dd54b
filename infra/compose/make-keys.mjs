/**
 * What services share and none of them may make for itself: the key that seals secrets of apps, for registries and executors, and the
 * first operator's token. Made once, each in a volume of its own; whatever is there is left alone.
 */
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

const { NANO_SECRETS_KEY_FILE, NANO_OPERATOR_TOKEN_FILE } = process.env;

make(NANO_SECRETS_KEY_FILE, () => `${randomBytes(32).toString("hex")}\n`);
make(NANO_OPERATOR_TOKEN_FILE, () => `nano_${randomBytes(8).toString("hex")}_${randomBytes(32).toString("base64url")}`);

/** Whole or not at all, and for its user alone. */
function make(path, secret) {
  if (existsSync(path)) return;
  const temporaryPath = `${path}.tmp`;
  rmSync(temporaryPath, { force: true });
  const fd = openSync(temporaryPath, "wx", 0o400);
  writeSync(fd, secret());
  fsyncSync(fd);
  closeSync(fd);
  renameSync(temporaryPath, path);
}

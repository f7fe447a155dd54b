/** An app's secrets as they travel: names as of environment variables, values of bounded size. */
import { z } from "zod";
import { envVarsSchema } from "./manifest.ts";

/** Most secrets of one app, the largest of them, and all of them together, in UTF-8. */
export const MAX_SECRETS = 64;
export const MAX_SECRET_BYTES = 64 * 1024;
export const MAX_SECRETS_BYTES = 256 * 1024;

/** Values by name. Its content belongs in no log, error or answer. */
export type SecretValues = Readonly<Record<string, string>>;

/** One value. What is wrong with it is told without it. */
export const secretValueSchema = z.string().check((context) => {
  const bytes = Buffer.byteLength(context.value);
  if (bytes > 0 && bytes <= MAX_SECRET_BYTES) return;
  context.issues.push({ code: "custom", input: null, message: `expected 1 to ${MAX_SECRET_BYTES} bytes` });
});

/** A whole set. What is wrong with a value is told without it. */
export const secretValuesSchema = envVarsSchema.check((context) => {
  const { value: secrets, issues } = context;
  const names = Object.keys(secrets);
  const complain = (path: string[], message: string): void => {
    issues.push({ code: "custom", path, input: null, message });
  };
  if (names.length > MAX_SECRETS) complain([], `expected at most ${MAX_SECRETS} secrets`);
  for (const name of names) {
    const bytes = Buffer.byteLength(secrets[name] ?? "");
    if (bytes === 0 || bytes > MAX_SECRET_BYTES) complain([name], `expected 1 to ${MAX_SECRET_BYTES} bytes`);
  }
  const totalBytes = names.reduce((sum, name) => sum + Buffer.byteLength(secrets[name] ?? ""), 0);
  if (totalBytes > MAX_SECRETS_BYTES) complain([], `expected at most ${MAX_SECRETS_BYTES} bytes in all`);
}) satisfies z.ZodType<SecretValues>;

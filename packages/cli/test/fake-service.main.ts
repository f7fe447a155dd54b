/** A service for tests of the launcher: does what its environment says. */
import { spawn } from "node:child_process";

const { FAKE_MODE: mode = "serve" } = process.env;

process.stdout.write(`${JSON.stringify({ level: "info", msg: "began", mode })}\n`);
if (mode === "refuse") {
  process.stderr.write("Port is taken\n");
  process.exit(1);
}
if (mode === "stubborn") process.on("SIGTERM", () => {});
else process.on("SIGTERM", () => process.exit(0));
if (mode === "parent") {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  process.stdout.write(`child ${child.pid}\n`);
}
process.on("disconnect", () => process.exit(0));
process.send?.({ type: "ready", name: "fake", addresses: { http: `127.0.0.1:${process.pid}` } });
setInterval(() => {}, 1000);

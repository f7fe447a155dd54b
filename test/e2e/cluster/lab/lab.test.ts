/** The hosts of a lab, of both kinds. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Host, type Lab, openLab } from "./lab.ts";
import { areNamespacesAllowed } from "./namespace-lab.ts";

const PORT = 7000;
const ECHO = `require("node:net").createServer((s) => s.on("error", () => {}).pipe(s))
  .listen(${PORT}, process.env.ADDRESS, () => console.log("listening"))`;

function open(kind: Lab["kind"]): Lab {
  const lab = openLab(kind);
  onTestFinished(() => lab.close());
  return lab;
}

async function startEcho(host: Host): Promise<string> {
  const child = host.spawn([process.execPath, "-e", ECHO], { ADDRESS: host.address });
  if (child.stdout !== null) await once(child.stdout, "data");
  return host.publish(PORT);
}

function dial(published: string): Socket {
  const [host = "", port] = published.split(":");
  const socket = connect({ host, port: Number(port) });
  onTestFinished(() => void socket.destroy());
  return socket.setEncoding("utf8");
}

const kinds = (["namespaces", "loopback"] as const).filter((kind) => kind === "loopback" || areNamespacesAllowed());

describe.each(kinds)("a lab of %s", (kind) => {
  test("a host that is cut is silent, and what was sent to it arrives when it is healed", async () => {
    const host = open(kind).addHost("one");
    const socket = dial(await startEcho(host));
    socket.write("a");
    expect(await once(socket, "data")).toEqual(["a"]);
    host.cut();
    let heard = "";
    socket.on("data", (text) => (heard += text));
    socket.write("b");
    // Long enough for an echo that came through, and there is nothing else to wait for.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heard).toBe("");
    host.heal();
    await eventually(() => heard === "b");
  });

  test("hosts have addresses of their own, and reach what another one published", async () => {
    const lab = open(kind);
    const [one, two] = [lab.addHost("one"), lab.addHost("two")];
    expect(one.address).not.toBe(two.address);
    const [address = "", port = ""] = one.reach(await startEcho(two)).split(":");
    const program = `require("node:net").connect(${port}, "${address}").on("data", (d) => { console.log(String(d)); process.exit() }).write("hello")`;
    const child = one.spawn([process.execPath, "-e", program]);
    let printed = "";
    child.stdout?.on("data", (text: Buffer) => (printed += text.toString()));
    await once(child, "close");
    expect(printed).toBe("hello\n");
  });

  test("killing a host kills what its processes started, too", async () => {
    const host = open(kind).addHost("one");
    const program = `const c = require("node:child_process").spawn("sleep", ["60"]); console.log(c.pid); setInterval(() => {}, 1000)`;
    const child = host.spawn([process.execPath, "-e", program]);
    const pid = child.stdout === null ? 0 : Number(await once(child.stdout, "data"));
    host.killAll();
    await once(child, "exit");
    await eventually(() => !isAlive(pid));
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Opens a lab with a process on a host, prints that one's id, and stays. */
const OWNER = `import { openLab } from ${JSON.stringify(new URL("./lab.ts", import.meta.url).href)};
const host = openLab().addHost("one");
console.log(host.spawn(["sleep", "60"]).pid);
setInterval(() => {}, 1000);`;

async function startOwner(): Promise<{ owner: ReturnType<typeof spawn>; pid: number }> {
  const owner = spawn(process.execPath, ["--input-type=module", "-e", OWNER], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void owner.kill("SIGKILL"));
  if (owner.stdout === null) throw new Error("It has no output");
  return { owner, pid: Number(await once(owner.stdout, "data")) };
}

const listNames = (): string =>
  execFileSync("ip", ["netns", "list"], { encoding: "utf8" }) +
  execFileSync("ip", ["-o", "link"], { encoding: "utf8" });

describe.skipIf(!areNamespacesAllowed())("what a lab of namespaces leaves behind", () => {
  test("is nothing when its process is told to end", async () => {
    const { owner, pid } = await startOwner();
    expect(listNames()).toContain(`-${owner.pid}-`);
    owner.kill("SIGTERM");
    await once(owner, "exit");
    expect(listNames()).not.toContain(`${owner.pid}`);
    await eventually(() => !isAlive(pid));
  });

  test("is swept by the next lab when its process was killed, and no process outlives it", async () => {
    const { owner, pid } = await startOwner();
    owner.kill("SIGKILL");
    await once(owner, "exit");
    await eventually(() => !isAlive(pid));
    expect(listNames()).toContain(`-${owner.pid}-`);
    open("namespaces");
    expect(listNames()).not.toContain(`${owner.pid}`);
  });
});

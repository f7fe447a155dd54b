import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { checkPort } from "../src/run/check-port.ts";

const use = { host: "127.0.0.1", option: "--port", key: "server.port" };

test("a taken port is told with what chooses another", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await expect(checkPort({ ...use, port })).rejects.toMatchObject({
    code: "CTL_PORT_IN_USE",
    message: `Port ${port} of 127.0.0.1 is in use: end what listens there, or choose another by --port or server.port`,
  });
});

test("a free port is left free, and any port is none", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await checkPort({ ...use, port });
  await checkPort({ ...use, port });
  await checkPort({ ...use, port: 0 });
});

/** Listening sockets that were opened elsewhere. What they are good for is shown by the stories of upgrades. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import test from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import { openEntrance } from "../../src/listener/index.ts";
import { descriptorOf } from "../../src/wire/index.ts";
import { lastly } from "../kit/cleanup.ts";
import { DRIVERS } from "../kit/drivers.ts";

const CHILD = fileURLToPath(new URL("../kit/programs/adopt.ts", import.meta.url));

/** What a process says that inherits a listening socket as descriptor 4. */
const inherit = async (t: TestContext, how: string): Promise<{ answer: unknown; port: number }> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  lastly(t, () => void server.close());
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const child = spawn(process.execPath, [CHILD, how], {
    stdio: ["ignore", "inherit", "inherit", "ipc", descriptorOf(server)],
  });
  lastly(t, () => void child.kill("SIGKILL"));
  const [answer] = (await once(child, "message")) as [unknown];
  return { answer, port };
};

for (const how of ["bound", "entrance by streams", "entrance by handles"]) {
  test(`the address is the socket's own, whatever is configured: ${how}`, async (t) => {
    const { answer, port } = await inherit(t, how);
    assert.deepEqual(answer, { host: "127.0.0.1", port, descriptor: 4 });
  });
}

test("a descriptor that is no socket, or none at all, is an error of the system's", async () => {
  for (const driver of DRIVERS) {
    // Whoever takes a descriptor over also closes it.
    for (const descriptor of [openSync(CHILD, "r"), 9_999]) {
      if (driver.adopt !== undefined)
        assert.throws(() => driver.adopt?.(descriptor), { code: /^(ENOTSOCK|EBADF|EINVAL)$/ });
    }
    const config = { name: "0.0.0.0:80", host: "0.0.0.0", port: 80 };
    const handlers = { connection: () => {}, failed: () => {} };
    await assert.rejects(openEntrance(config, handlers, driver, 9_999), { code: "LISTEN_FAILED" });
  }
});

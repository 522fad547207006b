/** TLS over several workers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import test from "node:test";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";

import { startEcho } from "../kit/backends.ts";
import { authority, certificateFor } from "../kit/certs.ts";
import { lastly } from "../kit/cleanup.ts";
import { until, within } from "../kit/until.ts";
import { asFairlead, configFile, runCommand } from "./command.ts";

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`a session begun with one worker is resumed with the other (${version})`, async (t) => {
    const backend = await startEcho(t);
    const certificates = [["127.0.0.1"], ["chat.example.com"]].map((hosts) => {
      const { certFile: cert, keyFile: key } = certificateFor(hosts);
      return { cert, key };
    });
    const listen = [{ address: "127.0.0.1:0", tls: { certificates } }];
    const log = { format: "json" };
    const file = configFile(t, { listen, admin: "127.0.0.1:0", backends: [backend.url], log });
    const fairlead = await asFairlead(runCommand(t, ["--config", file, "--workers", "2"]));
    const open = async (options: ConnectionOptions): Promise<TLSSocket> => {
      const ca = authority().cert;
      const all = { port: fairlead.port, host: "127.0.0.1", ca, servername: "chat.example.com", maxVersion: version };
      const socket = connect({ ...all, ...options });
      lastly(t, () => void socket.destroy());
      const session = version === "TLSv1.3" && options.session === undefined ? once(socket, "session") : undefined;
      await within(once(socket, "secureConnect"), "a TLS connection");
      socket.write("GET /who HTTP/1.1\r\nHost: chat.example.com\r\n\r\n");
      await within(once(socket, "data"), "an answer");
      if (session !== undefined) await within(session, "a session ticket");
      return socket;
    };
    const first = await open({});
    assert.equal(first.isSessionReused(), false);
    const session = first.getSession();
    assert.ok(session);
    // All stay open, so that sooner or later one gets the other worker.
    let second = first;
    await until(async () => {
      second = await open({ session });
      return (await fairlead.status()).workers.every(({ connections }) => connections > 0);
    }, "the other worker has one");
    assert.equal(second.isSessionReused(), true);
    assert.equal(second.getPeerCertificate().subject?.CN ?? "chat.example.com", "chat.example.com");
  });
}

/** fairlead inside another program: nothing global, nothing left behind. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import test from "node:test";

import { createLoadBalancer, type AccessRecord } from "../../src/index.ts";
import { startEcho } from "../kit/backends.ts";
import { startBalancer } from "../kit/balancer.ts";
import { openWs } from "../kit/clients.ts";
import { runProgram } from "../kit/processes.ts";
import { until } from "../kit/until.ts";

const LIBRARY = fileURLToPath(new URL("../../src/index.ts", import.meta.url));

test("two balancers in one program do not disturb each other", async (t) => {
  const [one, two] = [await startEcho(t, { name: "one" }), await startEcho(t, { name: "two" })];
  const first = await startBalancer(t, { backends: [one.url] });
  const second = await startBalancer(t, { backends: [two.url] });
  const [client, other] = [await openWs(t, first.url), await openWs(t, second.url)];
  assert.deepEqual([await client.ask("who"), await other.ask("who")], ["one", "two"]);
  await first.stop();
  assert.equal((await client.closed()).code, 1012);
  assert.equal(await other.ask("who"), "two");
  assert.equal(second.records.length, 0);
});

test("close ends open sockets with 1012, and again gives the same promise", async (t) => {
  const backend = await startEcho(t);
  const balancer = await createLoadBalancer({ listen: "127.0.0.1:0", backends: [backend.url] });
  const client = await openWs(t, balancer.addresses[0]?.url ?? "");
  const closing = balancer.close({ drain: 0 });
  assert.equal(balancer.close(), closing);
  assert.deepEqual(await closing, { clean: true });
  assert.equal((await client.closed()).code, 1012);
  assert.deepEqual(await balancer.close({ drain: "1m" }), { clean: true });
  assert.equal((await balancer.status()).state, "stopped");
});

test("several workers are refused clearly", async () => {
  await assert.rejects(createLoadBalancer({ backends: ["ws://127.0.0.1:1"], workers: 2 }), (error: Error) => {
    assert.match(error.message, /^workers: 2 is not possible in an embedded balancer/);
    return true;
  });
});

test("an onRecord that throws breaks nothing and is logged", async (t) => {
  const backend = await startEcho(t);
  const errors: string[] = [];
  const nothing = (): void => undefined;
  const logger = {
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: (_: object, text: string) => void errors.push(text),
  };
  const seen: AccessRecord[] = [];
  const onRecord = (record: AccessRecord): never => {
    seen.push(record);
    throw new Error("a mistake of the program");
  };
  const balancer = await createLoadBalancer({ listen: "127.0.0.1:0", backends: [backend.url] }, { logger, onRecord });
  const client = await openWs(t, balancer.addresses[0]?.url ?? "");
  await client.bye();
  await until(() => seen.length === 1, "the record has come");
  assert.equal((await balancer.status()).pools[0]?.backends[0]?.load, 0);
  assert.deepEqual(errors, ["onRecord failed"]);
  assert.deepEqual(await balancer.close({ drain: 0 }), { clean: true });
});

test("a start that fails leaves nothing: the program ends by itself", async (t) => {
  const backend = await startEcho(t);
  const taken = `127.0.0.1:${backend.port}`;
  for (const config of [
    { listen: ["127.0.0.1:0", taken], backends: [backend.url] },
    { listen: "127.0.0.1:0", admin: taken, backends: [backend.url] },
  ]) {
    const script = `const { createLoadBalancer } = await import(${JSON.stringify(LIBRARY)});
      await createLoadBalancer(${JSON.stringify(config)}).then(() => console.log("started"), ({ code }) => console.log(code));`;
    const program = runProgram(t, process.execPath, ["--input-type=module", "--eval", script]);
    await program.line(/^LISTEN_FAILED$/);
    assert.equal(await program.exit(), 0);
  }
});

test("a program whose balancer was closed ends by itself, also right after a tunnel", async (t) => {
  const backend = await startEcho(t);
  const config = { listen: "127.0.0.1:0", admin: "127.0.0.1:0", backends: [backend.url] };
  const script = `const { createLoadBalancer } = await import(${JSON.stringify(LIBRARY)});
    const balancer = await createLoadBalancer(${JSON.stringify(config)});
    const socket = new WebSocket(balancer.addresses[0].url);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    console.log((await balancer.close({ drain: 0 })).clean);`;
  const program = runProgram(t, process.execPath, ["--input-type=module", "--eval", script]);
  await program.line(/^true$/);
  assert.equal(await program.exit(), 0);
});

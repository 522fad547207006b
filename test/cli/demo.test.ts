import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { after, describe, test } from "node:test";

import { WebSocket } from "ws";

import { startDemo } from "../../src/cli/demo.ts";
import { needChromium, startBrowser } from "../kit/browser.ts";

const demo = await startDemo();
after(() => demo.close());
const [url = ""] = demo.urls;

/** Opens a socket; its messages can be awaited one after the other, however early they come. */
async function open(path = "/socket", options: WebSocket.ClientOptions = {}) {
  const socket = new WebSocket(`${url}${path}`, options);
  const queue: { data: Buffer; binary: boolean }[] = [];
  const waiting: ((message: { data: Buffer; binary: boolean }) => void)[] = [];
  socket.on("message", (data: Buffer, binary) => {
    const next = waiting.shift();
    if (next === undefined) queue.push({ data, binary });
    else next({ data, binary });
  });
  await once(socket, "open");
  const receive = (): Promise<{ data: Buffer; binary: boolean }> =>
    new Promise((resolve) => {
      const there = queue.shift();
      if (there === undefined) waiting.push(resolve);
      else resolve(there);
    });
  return { socket, receive };
}

async function close(socket: WebSocket, code?: number, reason?: string): Promise<{ code: number; reason: string }> {
  const closed = once(socket, "close") as Promise<[number, Buffer]>;
  socket.close(code, reason);
  const [answered, text] = await closed;
  return { code: answered, reason: text.toString() };
}

describe("a demo backend", () => {
  test("text and binary messages come back as they were, of every length that has a form of its own", async () => {
    const { socket, receive } = await open();
    for (const length of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
      const binary = randomBytes(length);
      socket.send(binary);
      const first = await receive();
      assert.ok(first.binary && first.data.equals(binary), `${length} bytes`);
      const text = "é".repeat(length / 2);
      socket.send(text);
      const second = await receive();
      assert.ok(!second.binary && second.data.toString() === text, `${length} bytes of text`);
    }
    await close(socket, 1000);
  });

  test("a fragmented message comes back whole, and a ping between its fragments is answered", async () => {
    const { socket, receive } = await open();
    socket.send("one ", { fin: false });
    socket.ping("in between");
    const [pong] = (await once(socket, "pong")) as [Buffer];
    assert.equal(pong.toString(), "in between");
    socket.send("two ", { fin: false });
    socket.send("three", { fin: true });
    assert.equal((await receive()).data.toString(), "one two three");
    await close(socket);
  });

  test("a Close is answered with its own code and reason, and one without a code likewise", async () => {
    assert.deepEqual(await close((await open()).socket, 4001, "enough"), { code: 4001, reason: "enough" });
    assert.deepEqual(await close((await open()).socket), { code: 1005, reason: "" });
  });

  test("a socket that asks for it learns the backend's name first", async () => {
    const { socket, receive } = await open("/socket?introduce");
    assert.equal((await receive()).data.toString(), "this is demo-1");
    await close(socket);
  });

  test("compression is not agreed on, and messages come back all the same", async () => {
    const { socket, receive } = await open("/", { perMessageDeflate: true });
    assert.equal(socket.extensions, "");
    socket.send("x".repeat(5000));
    assert.equal((await receive()).data.length, 5000);
    await close(socket);
  });

  test("a message that comes with the handshake, and one that comes byte by byte, are echoed", async () => {
    const port = Number(new URL(url).port);
    const socket = connect(port, "127.0.0.1");
    socket.setNoDelay(true);
    const frame = Buffer.from([0x81, 0x82, 1, 2, 3, 4, 0x68 ^ 1, 0x69 ^ 2]);
    const head = `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`;
    socket.write(Buffer.concat([Buffer.from(head), frame]));
    let received = Buffer.alloc(0);
    const enough = async (count: number): Promise<void> => {
      while (received.toString("latin1").split("\x81\x02hi").length <= count) {
        const [piece] = (await once(socket, "data")) as [Buffer];
        received = Buffer.concat([received, piece]);
      }
    };
    await enough(1);
    for (const byte of frame) {
      await new Promise((resolve) => void socket.write(Buffer.from([byte]), resolve));
    }
    await enough(2);
    socket.destroy();
  });

  test("a frame that breaks a rule ends the socket with 1002", async () => {
    const { socket } = await open();
    const closed = once(socket, "close") as Promise<[number, Buffer]>;
    // An unmasked frame, written past the library that would never send one.
    const { _socket: wire } = socket as unknown as { _socket: { write(bytes: Buffer): void } };
    wire.write(Buffer.from([0x81, 0x01, 0x61]));
    assert.equal((await closed)[0], 1002);
  });

  test("a bad handshake gets its status", async () => {
    const socket = new WebSocket(url, { protocolVersion: 8 });
    const [, response] = (await once(socket, "unexpected-response")) as [unknown, { statusCode: number }];
    assert.equal(response.statusCode, 426);
    socket.on("error", () => undefined);
    socket.terminate();
  });

  test("the page is self-contained and names the backend; other paths are not found", async () => {
    const origin = url.replace("ws:", "http:");
    const page = await fetch(origin);
    const text = await page.text();
    assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
    assert.match(text, /demo-1/);
    assert.doesNotMatch(text, /(src|href)="(?!data:)/);
    assert.equal((await fetch(`${origin}/other`)).status, 404);
  });
});

describe("the page of a demo backend", () => {
  test("in a browser it opens a socket, names its backend, and shows the echo of what is sent", async (t) => {
    if (!needChromium(t)) return;
    const browser = await startBrowser(t);
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await page.goto(url.replace("ws:", "http:"));
    await page.getByText("open: ws://").waitFor();
    await page.locator("#backend", { hasText: "demo-1" }).waitFor();
    await page.getByLabel("message").fill("to and fro");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("demo-1 answers: to and fro").waitFor();
    await page.getByRole("button", { name: "New socket" }).click();
    await page.getByText("closed: code 1000").waitFor();
    assert.deepEqual(errors, []);
  });
});

describe("the demo", () => {
  test("it is three backends with names of their own, and tells what to open", async () => {
    assert.equal(new Set(demo.urls).size, 3);
    const names = await Promise.all(
      demo.urls.map(async (one) => (await fetch(one.replace("ws:", "http:"))).headers.get("x-demo-backend")),
    );
    assert.deepEqual(names, ["demo-1", "demo-2", "demo-3"]);
    const invitation = demo.invitation("http://0.0.0.0:8080");
    assert.match(invitation, /http:\/\/localhost:8080\//);
    assert.match(invitation, /ws:\/\/localhost:8080\/socket/);
  });

  test("closing it ends open sockets", async () => {
    const other = await startDemo();
    const socket = new WebSocket(other.urls[0] ?? "");
    socket.on("error", () => undefined);
    await once(socket, "open");
    const closed = once(socket, "close");
    await other.close();
    await closed;
  });
});

/** Browsers chat while the servers of their chat are killed and stopped, and none of them sees a close. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";

import type { Page } from "playwright-core";

import { needChromium, startBrowser } from "../kit/browser.ts";
import { lastly } from "../kit/cleanup.ts";
import { type Program, runProgram } from "../kit/processes.ts";
import { needTool } from "../kit/tools.ts";
import { until } from "../kit/until.ts";
import { EXAMPLES, startExample } from "./start.ts";

const REDIS = "/usr/bin/redis-server";

/** Gives the path of its socket. */
const startRedis = async (t: TestContext): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-chat-"));
  lastly(t, () => void rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "redis.sock");
  const flags = ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", folder];
  await runProgram(t, REDIS, flags).line(/eady to accept connections/);
  return path;
};

type Chat = Program & { readonly url: string; readonly port: number };

const startChat = async (t: TestContext, redis: string, port = 0): Promise<Chat> => {
  const file = join(EXAMPLES, "rehoming/chat.ts");
  const program = runProgram(t, process.execPath, [file, String(port)], { REDIS: redis });
  const [, bound = ""] = await program.line(/^listening on (\d+)$/);
  return Object.assign(program, { url: `ws://127.0.0.1:${bound}`, port: Number(bound) });
};

const linesOf = (page: Page): Promise<string[]> => page.locator("li").allTextContents();

/** Has one of them say something, and waits until all have heard it. */
const say = async (pages: readonly Page[], speaker: number, text: string): Promise<void> => {
  const page = pages[speaker];
  assert.ok(page);
  await page.locator("input").fill(text);
  await page.locator("input").press("Enter");
  for (const one of pages)
    await until(async () => (await linesOf(one)).some((line) => line.endsWith(`: ${text}`)), text);
};

test("rehoming/chat.yaml: one server is killed and the other stopped, and three browsers chat on", async (t) => {
  if (!needChromium(t) || !needTool(t, "Redis (redis-server)", REDIS)) return;
  const redis = await startRedis(t);
  const [one, two] = await Promise.all([startChat(t, redis), startChat(t, redis)]);
  const example = await startExample(t, "rehoming/chat.yaml", { BACKEND_1: one.url, BACKEND_2: two.url });
  const browser = await startBrowser(t);
  const pages = await Promise.all(
    ["ann", "bob", "cleo"].map(async (name) => {
      const page = await browser.newPage();
      await page.goto(`${example.url.replace("ws", "http")}/?name=${name}`);
      return page;
    }),
  );
  for (const speaker of [0, 1, 2]) await say(pages, speaker, `hello from ${speaker}`);
  await one.kill();
  for (const speaker of [0, 1, 2]) await say(pages, speaker, `still here, ${speaker}`);
  await startChat(t, redis, one.port);
  two.child.kill("SIGTERM");
  assert.equal(await two.exit(), 0);
  for (const speaker of [0, 1, 2]) await say(pages, speaker, `and again, ${speaker}`);
  assert.deepEqual(
    example.records.filter(({ kind }) => kind === "tunnel"),
    [],
  );
  for (const page of pages) {
    const lines = await linesOf(page);
    assert.equal(lines.length, 9, lines.join(" | "));
    assert.ok(lines.includes("bob: still here, 1"), "the other server knows their names");
  }
});

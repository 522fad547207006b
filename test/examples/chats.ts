import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import type { Page } from "playwright-core";

import { startBrowser } from "../kit/browser.ts";
import { lastly } from "../kit/cleanup.ts";
import { type Program, runProgram } from "../kit/processes.ts";
import { drainBackend } from "../kit/rehoming.ts";
import { needTool } from "../kit/tools.ts";
import { until } from "../kit/until.ts";
import { type Fairlead, startFairlead } from "../supervisor/command.ts";
import { backendVariables, EXAMPLES } from "./start.ts";

const REDIS = "/usr/bin/redis-server";

/** Whether Redis can be used in this test. */
export const needRedis = (t: TestContext): boolean => needTool(t, "Redis (redis-server)", REDIS);

/** Gives its URL: that of a socket of Unix's. */
const startRedis = async (t: TestContext): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-chat-"));
  lastly(t, () => void rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "redis.sock");
  const flags = ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", folder];
  await runProgram(t, REDIS, flags).line(/eady to accept connections/);
  return `unix://${path}`;
};

/** A server of a chat. */
export type ChatServer = Program & { readonly url: string; readonly port: number };

/** A browser's page with a chat, and how often it has opened a WebSocket and lost one. */
export interface Tab {
  readonly name: string;
  readonly page: Page;
  readonly sockets: { readonly opened: number; readonly closed: number };
}

/** One of the chats of `examples/rehoming/`: its two servers, and fairlead before them. */
export interface Chat {
  readonly fairlead: Fairlead;
  readonly one: ChatServer;
  readonly two: ChatServer;
  /** Another server in the place of one that is gone. */
  restart(server: ChatServer): Promise<ChatServer>;
  /** Begins to drain a server. */
  drain(server: ChatServer): Promise<void>;
  /** How many tunnels a server has. */
  tunnels(server: ChatServer): Promise<number>;
  /** Waits until a server has so many tunnels. */
  has(server: ChatServer, count: number): Promise<void>;
}

/** @param name of the example: `name.ts` is its server, `name.yaml` its configuration */
export const startChat = async (t: TestContext, name: string): Promise<Chat> => {
  const redis = await startRedis(t);
  const startServer = async (port = 0): Promise<ChatServer> => {
    const file = join(EXAMPLES, `rehoming/${name}.ts`);
    const program = runProgram(t, process.execPath, [file, String(port)], { REDIS: redis });
    const [, bound = ""] = await program.line(/^listening on (\d+)$/);
    return Object.assign(program, { url: `ws://127.0.0.1:${bound}`, port: Number(bound) });
  };
  const [one, two] = await Promise.all([startServer(), startServer()]);
  const config = join(EXAMPLES, `rehoming/${name}.yaml`);
  const fairlead = await startFairlead(t, ["--config", config], backendVariables([one, two]));
  const tunnels = async ({ url }: ChatServer): Promise<number> => {
    const { pools } = await fairlead.status();
    return pools.flatMap(({ backends }) => backends).find((backend) => backend.name === url)?.open ?? 0;
  };
  return {
    fairlead,
    one,
    two,
    restart: ({ port }) => startServer(port),
    drain: ({ url }) => drainBackend(t, fairlead.admin, "chat", url),
    tunnels,
    has: (server, count) => until(async () => (await tunnels(server)) === count, `${server.url} has ${count} tunnels`),
  };
};

/** What a tab says to itself when it opens: heard, it has a server that knows it. */
const HERE = "here";

/** What a tab shows of what has been said since all were there. */
export const linesOf = async ({ page }: Tab): Promise<string[]> =>
  (await page.locator("li").allTextContents()).filter((line) => !line.endsWith(`: ${HERE}`));

/** Has one of them say something, without waiting for anybody to hear it. */
export const utter = async ({ page }: Tab, text: string): Promise<void> => {
  await page.locator("input").fill(text);
  await page.locator("input").press("Enter");
};

/** Waits until all of these have heard what one has said. */
export const hear = async (listeners: readonly Tab[], { name }: Tab, text: string): Promise<void> => {
  for (const tab of listeners)
    await until(
      async () => (await tab.page.locator("li").allTextContents()).includes(`${name}: ${text}`),
      `${tab.name} hears "${text}" of ${name}`,
    );
};

/** Has each of them say something in turn, which the others hear before the next one speaks. */
export const talk = async (tabs: readonly Tab[], text: string): Promise<void> => {
  for (const tab of tabs) {
    await utter(tab, text);
    await hear(tabs, tab, text);
  }
};

/**
 * Opens a tab for each of these; it gives them when each has a server that knows it.
 *
 * @param queries each tab's; `name` is in all of them
 */
export const openTabs = async (
  t: TestContext,
  chat: Chat,
  queries: readonly Readonly<Record<string, string> & { name: string }>[],
): Promise<Tab[]> => {
  const browser = await startBrowser(t);
  return Promise.all(
    queries.map(async (query) => {
      const page = await browser.newPage();
      const sockets = { opened: 0, closed: 0, sent: 0 };
      page.on("websocket", (socket) => {
        sockets.opened += 1;
        socket.on("framesent", () => (sockets.sent += 1));
        socket.on("close", () => (sockets.closed += 1));
      });
      const tab = { name: query.name, page, sockets };
      await page.goto(`${chat.fairlead.url.replace("ws", "http")}/?${new URLSearchParams(query).toString()}`);
      await until(() => sockets.sent > 0, `${query.name} is connected`);
      await utter(tab, HERE);
      await hear([tab], tab, HERE);
      return tab;
    }),
  );
};

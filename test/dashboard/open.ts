import { after } from "node:test";
import type { TestContext } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import { launchBrowser } from "../kit/browser.ts";
import { lastly } from "../kit/cleanup.ts";
import { playInstance } from "./instance.ts";
import type { Played, World } from "./instance.ts";

interface Opened extends Played {
  readonly page: Page;
  /** What the browser complained of: errors, refusals of the policy. */
  readonly complaints: string[];
  /** Origins of all requests. */
  readonly origins: Set<string>;
}

interface Looks {
  readonly width?: number;
  readonly dark?: boolean;
}

/** Two backends of the busy world: one that is well, and one that is drained. */
export const ONE = "10.0.0.1:9000";
export const TWO = "10.0.0.2:9000";

/** The row of a backend. */
export const rowOf = (page: Page, backend: string): Locator => page.locator(`tr[data-backend="ws://${backend}"]`);

/** A button by its whole name. */
export const button = (page: Page, name: string): Locator => page.getByRole("button", { name, exact: true });

/** One browser for the tests of a suite, from the first that opens a page to the last. */
export const sharedBrowser = (): {
  /** The dashboard of a played instance, in a context of its own. */
  readonly open: (t: TestContext, world: Partial<World>, looks?: Looks) => Promise<Opened>;
} => {
  let browser: Promise<Browser> | undefined;
  after(async () => (await browser)?.close());
  const open = async (t: TestContext, world: Partial<World>, looks: Looks = {}): Promise<Opened> => {
    const played = await playInstance(t, world);
    browser ??= launchBrowser();
    const context = await (
      await browser
    ).newContext({
      viewport: { width: looks.width ?? 1440, height: 900 },
      colorScheme: looks.dark === true ? "dark" : "light",
    });
    lastly(t, () => context.close());
    const page = await context.newPage();
    const complaints: string[] = [];
    const origins = new Set<string>();
    page.on("console", (message) => {
      // What the API refuses is told by the browser too, and no fault of the page.
      const refused = message.text().startsWith("Failed to load resource");
      if (message.type() === "error" && !refused) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => origins.add(new URL(request.url()).origin));
    await page.goto(played.url);
    return { ...played, page, complaints, origins };
  };
  return { open };
};

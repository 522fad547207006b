import type { TestContext } from "node:test";
import { chromium, type Browser } from "playwright-core";
import { lastly } from "./cleanup.ts";
import { needTool } from "./tools.ts";

const CHROMIUM = "/usr/bin/chromium";

/** Whether a browser can be used in this test. */
export const needChromium = (t: TestContext): boolean => needTool(t, "Chromium (chromium)", CHROMIUM);

/**
 * A headless Chromium until it is closed, for several tests.
 *
 * @param hosts where names lead, such as `{ "loadbalancer:8080": "127.0.0.1:41234" }`
 */
export const launchBrowser = (hosts: Readonly<Record<string, string>> = {}): Promise<Browser> => {
  const rules = Object.entries(hosts).map(([name, target]) => `MAP ${name} ${target}`);
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      ...(rules.length > 0 ? [`--host-resolver-rules=${rules.join(",")}`] : []),
    ],
  });
};

/** A headless Chromium until the end of the test; `hosts` as above. */
export const startBrowser = async (t: TestContext, hosts: Readonly<Record<string, string>> = {}): Promise<Browser> => {
  const browser = await launchBrowser(hosts);
  lastly(t, () => browser.close());
  return browser;
};

/** How the dashboard looks: on narrow screens, dark and light, with nothing to show. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { needChromium } from "../kit/browser.ts";
import { until } from "../kit/until.ts";
import { busyWorld } from "./busy.ts";
import { button, ONE, sharedBrowser } from "./open.ts";

describe("the dashboard", () => {
  const { open } = sharedBrowser();

  for (const width of [360, 768, 1024]) {
    test(`fits a screen of ${width} pixels`, async (t) => {
      if (!needChromium(t)) return;
      const { page } = await open(t, busyWorld(), { width });
      await page.locator("tr[data-tunnel]").first().waitFor();
      assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
      assert.ok(await button(page, "Age").isVisible());
      await button(page, `Drain ${ONE}`).click();
      const box = await page.getByRole("dialog").boundingBox();
      assert.ok(box !== null && box.x >= 0 && box.x + box.width <= width);
    });
  }

  test("is dark where the system is, and as the switch says", async (t) => {
    if (!needChromium(t)) return;
    const { page } = await open(t, busyWorld(), { dark: true });
    const shade = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    const turns = (colour: unknown, when: string) => until(async () => (await shade()) === colour, when);
    await page.getByLabel("Colours").waitFor();
    const dark = await shade();
    await page.getByLabel("Colours").selectOption("light");
    await until(async () => (await shade()) !== dark, "it is light");
    const light = await shade();
    await page.reload();
    await page.getByLabel("Colours").waitFor();
    await turns(light, "the choice is kept");
    await page.getByLabel("Colours").selectOption("auto");
    await turns(dark, "it is as the system is");
    await page.emulateMedia({ colorScheme: "light" });
    await turns(light, "it follows the system");
  });

  for (const dark of [false, true]) {
    test(`text stands out by 4.5 to 1 at least, ${dark ? "dark" : "light"}`, async (t) => {
      if (!needChromium(t)) return;
      const { page } = await open(t, busyWorld(), { dark });
      await page.locator("tr[data-tunnel]").first().waitFor();
      assert.deepEqual(await page.evaluate(FAINT), []);
    });
  }

  test("an instance without anything is shown as well", async (t) => {
    if (!needChromium(t)) return;
    const { page, complaints } = await open(t, {});
    for (const text of ["There is no pool.", "No tunnel fits.", "Nothing has happened yet."])
      await page.getByText(text).waitFor();
    assert.deepEqual(complaints, []);
  });
});

/** Texts whose contrast with what is behind them is below what WCAG AA asks for. */
const FAINT = `(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)); return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
  const behind = (node) => { for (let at = node; at; at = at.parentElement) { const colour = rgba(getComputedStyle(at).backgroundColor); if (colour[3] === 255) return colour; } return [255, 255, 255]; };
  const faint = new Set();
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== "");
    if (!own || node.disabled || node.closest(".hidden")) continue;
    const [a, b] = [light(rgba(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.add(node.className + " " + node.textContent.trim() + " " + ratio.toFixed(2));
  }
  return [...faint];
})()`;

/** The dashboard in a real browser, over an API that is played: what it shows is what the API says. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { needChromium } from "../kit/browser.ts";
import { until } from "../kit/until.ts";
import { busyWorld } from "./busy.ts";
import { tunnel } from "./instance.ts";
import { button, ONE, rowOf, sharedBrowser, TWO } from "./open.ts";

describe("the dashboard", () => {
  const { open } = sharedBrowser();

  test("shows what the API says, without a complaint of the browser or a request to anywhere else", async (t) => {
    if (!needChromium(t)) return;
    const { page, url, complaints, origins } = await open(t, busyWorld());
    await rowOf(page, ONE).waitFor();
    const cells = await rowOf(page, ONE).locator("th, td").allInnerTexts();
    assert.deepEqual(
      cells.slice(0, 3).map((text) => text.trim()),
      [ONE, "healthy", "1,200 / 1,500"],
    );
    assert.match(await rowOf(page, TWO).innerText(), /healthy\s+draining\s+412 \/ 1,500/);
    const ill = await rowOf(page, "10.0.0.3:9000").innerText();
    assert.match(ill, /3 failures in a row.* \(since \d.*, until \d.* at least\)[^]*unhealthy/);
    assert.match(await rowOf(page, ONE).innerText(), /\s2,240 631 kB\s/);
    assert.match(await page.getByLabel("Summary").innerText(), /Tunnels\s+4,821\s+of 19,098/);
    const moves = page.getByLabel("Moves", { exact: true });
    assert.match(
      await moves.innerText(),
      /Drain 10\.0\.0\.2:9000[^]*751 of 1,163 moved[^]*38 of 50 per second · slowed: reconnects fail/,
    );
    await page.locator("tr[data-tunnel]").first().waitFor();
    assert.equal(await page.locator("tr[data-tunnel]").count(), 25);
    await page.getByText("The rebalance of feeds is done: 40 tunnels moved.").waitFor();
    assert.equal(await page.locator("canvas").count(), 6);
    const plot = await page.getByRole("img", { name: /^Close codes/ }).getAttribute("aria-label");
    assert.match(plot ?? "", /^Close codes, per second: 1000 [\d.]+, 1001 [\d.]+, 1012 0\.20, none 0\.10$/);
    assert.deepEqual(complaints, []);
    assert.deepEqual([...origins], [new URL(url).origin]);
  });

  test("tells of every state that a backend is in why it is so, since when, and until when", async (t) => {
    if (!needChromium(t)) return;
    const { page } = await open(t, busyWorld());
    const time = "\\d\\d:\\d\\d:\\d\\d";
    const told: readonly (readonly [backend: string, ...what: readonly string[]])[] = [
      [`ws://${TWO}`, `Drained \\(since ${time}\\)`, "draining"],
      ["ws://10.0.0.3:9000", `could not be connected to \\(since ${time}, until ${time} at least\\)`, "unhealthy"],
      [
        "ws://10.0.0.4:9000",
        `Well again: a probe succeeded \\(since ${time}\\)`,
        "Fell 2 times",
        "flaps",
        `Warms up: 40 % of its weight \\(since ${time}, until ${time}\\)`,
        "warms up",
      ],
      [
        "wss://feeds-a.internal:8443",
        `Stands out, but too many are out: 30 % failures, the others 1 % \\(since ${time}\\)`,
        "stands out",
        "activity 1,235 · handshake 34 ms · round trip 1\\.5 ms · says 70 % of load",
      ],
      ["wss://feeds-b.internal:8443", `cooled down; being probed \\(since ${time}\\)`, "probing"],
    ];
    for (const [name, ...what] of told) {
      const row = page.locator(`tr[data-backend="${name}"]`);
      await row.waitFor();
      const text = await row.innerText();
      for (const one of what) assert.match(text, new RegExp(one), name);
    }
    const feeds = await page.getByLabel("Pool feeds").innerText();
    assert.match(feeds, new RegExp(`panic\\s+1 of 2 backends are well: all are tried \\(since ${time}\\)`));
  });

  test("follows what changes while it is open", async (t) => {
    if (!needChromium(t)) return;
    const { page, world, tell } = await open(t, busyWorld());
    await rowOf(page, ONE).waitFor();
    const [first] = world.status.pools[0]!.backends;
    Object.assign(first!, { open: 1307, tunnels: 60_000, weight: 3, health: "unhealthy", reason: "it went away" });
    world.moves[0]!["moved"] = 1000;
    world.tunnels = [tunnel(777)];
    tell({ id: 50, time: new Date().toISOString(), type: "backend-unhealthy", message: "It went away." });
    await page.getByText("It went away.").waitFor();
    await rowOf(page, ONE).getByText("1,307").waitFor();
    await page.getByText("1,000 of 1,163 moved").waitFor();
    await page.locator('tr[data-tunnel="t777"]').waitFor();
    const [, state, , opened, , , weight] = await rowOf(page, ONE).locator("th, td").allInnerTexts();
    assert.deepEqual([state?.trim(), weight], ["unhealthy", "3"]);
    assert.ok(Number((opened ?? "").replace(/,|k/g, "")) > 0, `opened per second: ${opened}`);
  });

  const actions: readonly {
    readonly what: string;
    readonly press: string;
    readonly fill?: Readonly<Record<string, string>>;
    readonly confirm: string;
    readonly asked: { readonly method: string; readonly path: string; readonly body: unknown };
  }[] = [
    {
      what: "drain, as the pool is configured",
      press: `Drain ${ONE}`,
      confirm: "Drain",
      asked: { method: "POST", path: "/api/v1/drains", body: { pool: "chat", backend: `ws://${ONE}` } },
    },
    {
      what: "drain, as somebody wants it",
      press: `Drain ${ONE}`,
      fill: { rate: "20", waitIdle: "30s", deadline: "10m" },
      confirm: "Drain",
      asked: {
        method: "POST",
        path: "/api/v1/drains",
        body: { pool: "chat", backend: `ws://${ONE}`, rate: 20, waitIdle: "30s", deadline: "10m" },
      },
    },
    {
      what: "undrain",
      press: `Undrain ${TWO}`,
      confirm: "Undrain",
      asked: {
        method: "PATCH",
        path: `/api/v1/pools/chat/backends/${encodeURIComponent(`ws://${TWO}`)}`,
        body: { state: "active" },
      },
    },
    {
      what: "weight",
      press: `Weight of ${ONE}`,
      fill: { weight: "2.5" },
      confirm: "Set weight",
      asked: {
        method: "PATCH",
        path: `/api/v1/pools/chat/backends/${encodeURIComponent(`ws://${ONE}`)}`,
        body: { weight: 2.5 },
      },
    },
    {
      what: "rebalance",
      press: "Rebalance chat",
      fill: { perMinute: "60", minAge: "1m", tolerance: "0.1" },
      confirm: "Rebalance",
      asked: {
        method: "POST",
        path: "/api/v1/rebalances",
        body: { pool: "chat", perMinute: 60, minAge: "1m", tolerance: 0.1 },
      },
    },
    {
      what: "cancel a drain",
      press: `Cancel the drain of ${TWO}`,
      confirm: "Cancel it",
      asked: { method: "DELETE", path: "/api/v1/drains/m2", body: undefined },
    },
    {
      what: "end a tunnel",
      press: "End the tunnel of 192.0.2.129",
      confirm: "End it",
      asked: { method: "DELETE", path: "/api/v1/tunnels/t129", body: undefined },
    },
  ];
  for (const { what, press, fill = {}, confirm, asked } of actions) {
    test(`asks before it acts, and then asks the API for just that: ${what}`, async (t) => {
      if (!needChromium(t)) return;
      const { page, actions: sent, complaints } = await open(t, busyWorld());
      await button(page, press).click();
      await button(page, "Keep as it is").click();
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      assert.deepEqual(sent, []);
      await button(page, press).click();
      for (const [name, value] of Object.entries(fill)) await page.locator(`dialog [name=${name}]`).fill(value);
      assert.deepEqual(sent, []);
      await page.getByRole("dialog").getByRole("button", { name: confirm, exact: true }).click();
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      const contentType = asked.body === undefined ? undefined : "application/json";
      assert.deepEqual(sent, [{ ...asked, contentType }]);
      assert.notEqual(await page.locator(".notice").innerText(), "");
      assert.deepEqual(complaints, []);
    });
  }

  test("tells what the API refuses, and keeps what was typed", async (t) => {
    if (!needChromium(t)) return;
    const { page, world } = await open(t, busyWorld());
    const problems = [{ path: "weight", message: "is 0; it must be above 0" }];
    world.refuse = { status: 422, body: { error: { code: "INPUT_INVALID", message: "This does not do.", problems } } };
    await button(page, `Weight of ${ONE}`).click();
    await page.locator("dialog [name=weight]").fill("0");
    await button(page, "Set weight").click();
    const alert = page.getByRole("dialog").getByRole("alert");
    await alert.waitFor();
    assert.equal(await alert.innerText(), "This does not do.\nweight: is 0; it must be above 0");
    assert.equal(await page.locator("dialog [name=weight]").inputValue(), "0");
  });

  test("a value that cannot be right is not sent", async (t) => {
    if (!needChromium(t)) return;
    const { page, actions: sent } = await open(t, busyWorld());
    await button(page, `Drain ${ONE}`).click();
    await page.locator("dialog [name=deadline]").fill("soon");
    await page.getByRole("dialog").getByRole("button", { name: "Drain", exact: true }).click();
    assert.equal(await page.locator("dialog [name=deadline]:invalid").count(), 1);
    assert.deepEqual(sent, []);
  });

  test("filters, sorts and pages tunnels, and ends all that fit", async (t) => {
    if (!needChromium(t)) return;
    const { page, actions: sent } = await open(t, busyWorld());
    const ids = (): Promise<string[]> =>
      page.evaluate("[...document.querySelectorAll('tr[data-tunnel]')].map((row) => row.dataset.tunnel)");
    const firstIs = (id: string) => until(async () => (await ids())[0] === id, `${id} comes first`);
    await firstIs("t129");
    assert.ok(await button(page, "End all that fit…").isDisabled());
    await button(page, "Age").click();
    await firstIs("t0");
    await button(page, "Next").click();
    await firstIs("t25");
    assert.match(await page.getByRole("navigation").innerText(), /26 to 50 of 130/);
    await page.locator("select[name=backend]").selectOption(`ws://${TWO}`);
    await firstIs("t1");
    await page.locator("input[name=client]").fill("192.0.2.5");
    await firstIs("t5");
    assert.equal(await page.locator("tr[data-tunnel]").count(), 1);
    await button(page, "End all that fit…").click();
    assert.match(await page.getByRole("dialog").innerText(), /End all 1 that fit\?/);
    assert.deepEqual(sent, []);
    await button(page, "End them all").click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assert.equal(sent.length, 1);
    const { method, path } = sent[0]!;
    const query = Object.fromEntries(new URL(path, "http://localhost").searchParams);
    assert.deepEqual([method, query], ["DELETE", { backend: `ws://${TWO}`, client: "192.0.2.5" }]);
  });

  test("everything can be done with the keyboard, and what has the focus is seen", async (t) => {
    if (!needChromium(t)) return;
    const { page, actions: sent } = await open(t, busyWorld());
    await button(page, `Drain ${ONE}`).waitFor();
    const focused = () =>
      page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent");
    const outlined = () => page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
    const seen: unknown[] = [];
    for (let presses = 0; presses < 40 && seen.at(-1) !== `Drain ${ONE}`; presses += 1) {
      await page.keyboard.press("Tab");
      seen.push(await focused());
      assert.equal(await outlined(), "solid", `the focus on ${String(seen.at(-1))} is not seen`);
    }
    assert.equal(seen[0], "To the pools");
    assert.equal(seen.at(-1), `Drain ${ONE}`, `reached: ${seen.join(", ")}`);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assert.equal(await focused(), `Drain ${ONE}`, "the focus comes back");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.type("20");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assert.deepEqual(
      sent.map(({ body }) => body),
      [{ pool: "chat", backend: `ws://${ONE}`, rate: 20 }],
    );
  });

  test("the keyboard goes on from where it was when what was pressed is gone", async (t) => {
    if (!needChromium(t)) return;
    const { page, world } = await open(t, busyWorld());
    await button(page, `Cancel the drain of ${TWO}`).press("Enter");
    await page.getByRole("dialog").waitFor();
    world.moves[0]!["state"] = "cancelled";
    await button(page, "Cancel it").press("Enter");
    const focused = () => page.evaluate("document.activeElement.getAttribute('aria-label')");
    await until(async () => (await focused()) === "Moves", "the focus is in the part of the page that it was in");
  });

  test("asks for the token when the API wants one, and keeps it while the tab is open", async (t) => {
    if (!needChromium(t)) return;
    const { page, complaints } = await open(t, { ...busyWorld(), token: "right" });
    const field = page.getByLabel("Token of the admin API");
    await field.fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("The API refuses this token.").waitFor();
    await field.fill("right");
    await page.keyboard.press("Enter");
    await rowOf(page, ONE).waitFor();
    await page.getByText("New clients are served.").waitFor();
    await page.reload();
    await rowOf(page, ONE).waitFor();
    assert.equal(await page.evaluate("localStorage.getItem('fairlead-token')"), null);
    assert.deepEqual(complaints, []);
  });

  test("says so when the API fails, and goes on when it is back", async (t) => {
    if (!needChromium(t)) return;
    const { page, world } = await open(t, busyWorld());
    await rowOf(page, ONE).waitFor();
    world.broken = true;
    await page.getByText("It does not work today. What stands below is as it was before.").waitFor();
    world.broken = false;
    await page.getByRole("status").getByText("live").waitFor();
  });

  test("stands still while nobody sees it", async (t) => {
    if (!needChromium(t)) return;
    const { page, requests } = await open(t, busyWorld());
    await rowOf(page, ONE).waitFor();
    const see = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, "hidden", { configurable: true, get: () => ${hidden} }); document.dispatchEvent(new Event("visibilitychange"))`,
      );
    await see(true);
    await page.getByText("paused").waitFor();
    await page.waitForLoadState("networkidle");
    const soFar = requests.length;
    // Longer than any interval but that of the history.
    await page.waitForTimeout(2500);
    assert.deepEqual(requests.slice(soFar), []);
    await see(false);
    await page.getByRole("status").getByText("live").waitFor();
  });
});

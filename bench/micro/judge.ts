import type { RequestHead } from "../../src/http/index.ts";
import { judgeUpgrade } from "../../src/websocket/index.ts";
import { BROWSER_HEADERS } from "./browser-head.ts";
import { report } from "./measure.ts";

/** The judgement of an upgrade request. */

const good: RequestHead = { method: "GET", target: "/socket?room=7", version: "1.1", headers: BROWSER_HEADERS };
const bad: RequestHead = { ...good, method: "POST" };

report("judgeUpgrade", [
  {
    name: "a browser's request",
    check() {
      const judgement = judgeUpgrade(good);
      if (!judgement.ok || judgement.upgrade.protocols.join() !== "chat,superchat") throw new Error("it was refused");
    },
    run: () => (judgeUpgrade(good).ok ? 1 : 0),
  },
  {
    name: "a request that is refused",
    check() {
      const judgement = judgeUpgrade(bad);
      if (judgement.ok || judgement.status !== 405) throw new Error("it was not refused with 405");
    },
    run: () => (judgeUpgrade(bad).ok ? 1 : 0),
  },
]);

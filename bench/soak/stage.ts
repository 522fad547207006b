import type { ConfigInput } from "../../src/index.ts";
import { type Actor, startActor } from "../lab/actors.ts";
import { makeCertificate } from "../lab/certificate.ts";
import { type Instance, startInstance } from "../lab/instance.ts";
import type { Lab } from "../lab/lab.ts";
import { freePort } from "../lab/ports.ts";
import { SERVER_NAME } from "../load/dial.ts";
import type { ClientsCalls, Doors } from "./protocol.ts";
import { startStation, type Station, Weather } from "./weather.ts";

/** Everything that takes part. */
export interface Stage {
  readonly lab: Lab;
  readonly instance: Instance;
  readonly doors: Doors;
  readonly weather: Weather;
  /** Backends to which something is done. */
  readonly disturbed: readonly Station[];
  readonly clients: readonly Actor<ClientsCalls>[];
}

/** Starts four backends, two of which are left in peace, fairlead with two workers, and so many processes of clients. */
export async function setStage(lab: Lab, clients: number): Promise<Stage> {
  const calm = [await startStation(lab, "calm-1"), await startStation(lab, "calm-2")];
  const killed = await startStation(lab, "killed");
  const frozen = await startStation(lab, "frozen");
  const certificate = makeCertificate(lab.folder, SERVER_NAME);
  const tls = await freePort();
  const config = configOf(calm, [killed, frozen]);
  const secure = {
    address: `127.0.0.1:${tls}`,
    tls: { certificates: [{ cert: certificate.cert, key: certificate.key }] },
  };
  const instance = await startInstance(lab, "fairlead", { ...config, listen: [secure] });
  return {
    lab,
    instance,
    doors: { plain: instance.port, tls, ca: certificate.cert },
    weather: new Weather(lab, killed, frozen),
    disturbed: [killed, frozen],
    clients: Array.from({ length: clients }, () => startActor<ClientsCalls>(lab, "soak/clients.ts")),
  };
}

/** Times are short, so that everything that takes time happens often. */
function configOf(calm: readonly Station[], disturbed: readonly Station[]): ConfigInput {
  const url = ({ port }: Station): string => `ws://127.0.0.1:${port}`;
  const dial = { connectTimeout: "2s", handshakeTimeout: "2s", budget: "10s" };
  const health = { cooldown: "1s", maxCooldown: "4s" };
  return {
    workers: 2,
    drain: "1s",
    limits: { headTimeout: "5s", requestTimeout: "30s", responseTimeout: "4s", keepAliveTimeout: "5s" },
    tunnel: {
      heartbeat: { interval: "3s", timeout: "5s" },
      writeTimeout: "6s",
      halfCloseTimeout: "3s",
      closeTimeout: "3s",
    },
    pools: {
      all: { backends: [...calm, ...disturbed].map(url), dial, health },
      calm: { backends: calm.map(url), dial, health },
    },
    routes: [{ name: "stay", match: { path: "/stay" }, pool: "calm" }],
    defaultPool: "all",
  };
}

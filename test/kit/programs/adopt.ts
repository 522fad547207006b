/** Uses an inherited listening socket in one of the ways that there are, and says where that is. */
import { openEntrance } from "../../../src/listener/index.ts";
import { DRIVERS } from "../drivers.ts";

const DESCRIPTOR = 4;
const [streams, handles] = DRIVERS;
const how = process.argv[2];

if (how === "bound") {
  const bound = handles?.adopt?.(DESCRIPTOR);
  process.send?.({ host: bound?.host, port: bound?.port, descriptor: bound?.descriptor });
} else {
  const driver = how === "entrance by streams" ? streams : handles;
  if (driver === undefined) throw new Error("there is no such driver");
  const config = { name: "0.0.0.0:80", host: "0.0.0.0", port: 80 };
  const handlers = { connection: () => {}, failed: () => {} };
  const { address, descriptor } = await openEntrance(config, handlers, driver, DESCRIPTOR);
  process.send?.({ ...address, descriptor });
}

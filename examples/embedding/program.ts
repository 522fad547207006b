/**
 * A load balancer inside another program: it counts tunnels and messages, and stops in good order.
 *
 *     node examples/embedding/program.ts ws://127.0.0.1:8000 ws://127.0.0.1:8001
 */
// In a program of your own: from "fairlead".
import { type AccessRecord, ConfigError, createLoadBalancer } from "../../src/index.ts";

const seen = { tunnels: 0, messages: 0 };

function count({ tunnel, backend, status }: AccessRecord): void {
  if (tunnel === null) {
    console.log(`refused with ${status}`);
    return;
  }
  seen.tunnels += 1;
  seen.messages += tunnel.client.messages + tunnel.backend.messages;
  console.log(`tunnel to ${backend}: ${tunnel.cause}, the client got ${tunnel.client.closeTo}`);
}

async function main(backends: string[]): Promise<void> {
  const listen = process.env["LISTEN"] ?? "127.0.0.1:8080";
  const balancer = await createLoadBalancer({ listen, backends }, { onRecord: count });
  console.log(`listening on ${balancer.addresses[0]?.url}`);

  process.once("SIGTERM", () => {
    void balancer.close({ drain: "1s" }).then(({ clean }) => {
      console.log(
        `${seen.tunnels} tunnels, ${seen.messages} messages, ${clean ? "all ended in order" : "some were cut"}`,
      );
    });
  });
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  for (const { path, message } of error.problems) console.error(`${path}: ${message}`);
  process.exitCode = 2;
}

/** Takes over a listening descriptor, its number 3, as the admin listener, and tells its port. */
import { startAdmin } from "../../../src/admin/index.ts";
import { createFake } from "../../admin/fake.ts";

const fake = createFake();
fake.status = { ...fake.status, version: "the heir's" };
// The descriptor wins over the address.
const admin = await startAdmin({ host: "192.0.2.1", port: 1, hosts: [] }, fake.source, { descriptor: 3 });
process.stdout.write(`${admin.address.port}\n`);

// It ends with the test that started it.
process.stdin.on("close", () => process.exit(0)).resume();

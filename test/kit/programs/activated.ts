// Says which sockets it was started with, and greets whoever connects to one with the socket's name.
import { createServer } from "node:net";
import { parseInherited } from "../../../src/supervisor/inherited.ts";

const sockets = parseInherited(process.env, process.pid);
for (const { fd, name } of sockets) createServer((socket) => socket.end(`${name}\n`)).listen({ fd });
process.stdout.write(`inherited ${JSON.stringify(sockets)}\n`);

/** A client as a process of its own, to be killed and frozen. Says "open", then every message that it gets. */
import { WebSocket } from "ws";

const socket = new WebSocket(process.argv[2] ?? "", { perMessageDeflate: false });
socket.on("error", (error) => process.stdout.write(`error ${error.message}\n`));
socket.on("open", () => process.stdout.write("open\n"));
socket.on("message", (data) => process.stdout.write(`message ${String(data)}\n`));
socket.on("close", (code) => process.stdout.write(`close ${code}\n`));
process.stdin.on("close", () => process.exit(0)).resume();

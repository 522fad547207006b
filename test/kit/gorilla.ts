import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestContext } from "node:test";
import { runProgram, type Program, type ProgramBackend } from "./processes.ts";
import { deadPort, isListening } from "./scripts.ts";
import { needTool } from "./tools.ts";
import { until } from "./until.ts";

/** The folder of Debian's golang-github-gorilla-websocket-dev. */
const GOPATH = "/usr/share/gocode";

/** The address in the seed's server. */
const SEED_ADDRESS = '":8000"';

/** Port of the seed's server as it is written. */
const SEED_PORT = 8000;

/** The seed's Go server, word for word. */
const seedServerSource = (): string =>
  readFileSync(fileURLToPath(new URL("../../examples/seed/server.go", import.meta.url)), "utf8");

const GORILLA = `${GOPATH}/src/github.com/gorilla/websocket`;

/** Whether Go and gorilla/websocket can be used in this test. */
export const needGorilla = (t: TestContext): boolean =>
  needTool(
    t,
    "Go with gorilla/websocket (golang-go, golang-github-gorilla-websocket-dev)",
    existsSync("/usr/bin/go") && existsSync(GORILLA),
  );

/** Builds a Go program once per machine and text; the binary is found by the text's hash. */
const built = (source: string): string => {
  const id = createHash("sha256").update(source).digest("hex").slice(0, 16);
  const folder = join(tmpdir(), `fairlead-go-${id}`);
  const binary = join(folder, "server");
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const own = join(folder, `build-${process.pid}`);
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, "server.go"), source);
  const env = { ...process.env, GO111MODULE: "off", GOPATH, GOCACHE: join(tmpdir(), "fairlead-go-cache"), GOFLAGS: "" };
  execFileSync("/usr/bin/go", ["build", "-o", "server", "server.go"], { cwd: own, env, stdio: "pipe" });
  renameSync(join(own, "server"), binary); // another process may have been faster: both are the same
  return binary;
};

/**
 * The seed's server as written, on port 8000. Several test processes may want it: whoever finds the port taken waits
 * until it is free.
 */
export const startSeedServer = async (t: TestContext): Promise<ProgramBackend> => {
  const binary = built(seedServerSource());
  for (;;) {
    await until(async () => !(await isListening(SEED_PORT)), "port 8000 is free", 60_000);
    const program = runProgram(t, binary, []);
    const gone = (): boolean => program.child.exitCode !== null;
    await until(async () => gone() || (await isListening(SEED_PORT)), "the seed's server listens");
    if (!gone()) return asBackend(program, SEED_PORT);
  }
};

const asBackend = (program: Program, port: number): ProgramBackend =>
  Object.assign(program, { port, url: `ws://127.0.0.1:${port}` });

/** The same server with nothing but its address changed, so that several can run at once. It echoes at /socket. */
export const startGorilla = async (t: TestContext): Promise<ProgramBackend> => {
  const source = seedServerSource()
    .replace(SEED_ADDRESS, 'os.Getenv("ADDRESS")')
    .replace('"net/http"\n', '"net/http"\n\t"os"\n');
  const binary = built(source);
  const port = await deadPort();
  const program = runProgram(t, binary, [], { ADDRESS: `127.0.0.1:${port}` });
  await until(() => isListening(port), "the gorilla server listens");
  return asBackend(program, port);
};

/** Dials with gorilla's client, offers subprotocols, and prints what it got and how it ended. */
const CLIENT_SOURCE = `package main

import (
	"fmt"
	"os"

	"github.com/gorilla/websocket"
)

func main() {
	dialer := websocket.Dialer{Subprotocols: os.Args[2:]}
	conn, _, err := dialer.Dial(os.Args[1], nil)
	if err != nil {
		fmt.Println("refused:", err)
		return
	}
	fmt.Println("open:", conn.Subprotocol())
	_, _, err = conn.ReadMessage()
	fmt.Println("over:", err)
}
`;

/** A client that connects and reads until its WebSocket is over. */
export const runGorillaClient = (t: TestContext, url: string, protocols: readonly string[] = []): Program =>
  runProgram(t, built(CLIENT_SOURCE), [url, ...protocols]);

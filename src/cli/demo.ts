import { type DemoBackend, startDemoBackend } from "./demo-backend.ts";

const NAMES = ["demo-1", "demo-2", "demo-3"];

/** The backends that fairlead starts for itself when it was given none. */
export interface Demo {
  /** URLs to balance. */
  readonly urls: readonly string[];
  /** What to open and to try, for a balancer that listens on `url` (`http://HOST:PORT`). */
  invitation(url: string): string;
  close(): Promise<void>;
}

/** Starts three small backends on free ports of this machine. */
export async function startDemo(): Promise<Demo> {
  const backends: DemoBackend[] = await Promise.all(NAMES.map((name) => startDemoBackend(name)));
  return {
    urls: backends.map(({ url }) => url),
    invitation: (url) => invitation(url, backends),
    close: async () => {
      await Promise.all(backends.map((backend) => backend.close()));
    },
  };
}

function invitation(url: string, backends: readonly DemoBackend[]): string {
  const reachable = url.replace("//0.0.0.0:", "//localhost:").replace("//[::]:", "//localhost:");
  const socket = `${reachable.replace(/^http/, "ws")}/socket`;
  return `
No backends were given, so three small ones of fairlead's own are balanced:
${backends.map(({ name, url: where }) => `  ${name}  ${where}`).join("\n")}

  open  ${reachable}/  in a browser; each tab gets a backend, which echoes what you send
  or    new WebSocket("${socket}")  in any program
  then  fairlead ws://HOST:PORT ...  to balance your own

`;
}

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parseLine } from "./log-line.ts";

/** What the log of an instance holds. */
export interface Logbook {
  /** Records of sockets, and those of them that became tunnels. */
  readonly sockets: number;
  readonly tunnels: number;
  /** Records of plain requests, and attempts that they took. */
  readonly requests: number;
  readonly attempts: number;
  /** Records by error; those without are `none`. */
  readonly errors: Readonly<Record<string, number>>;
  /** Causes of tunnels' ends. */
  readonly causes: Readonly<Record<string, number>>;
  /** Messages that came from client and backend, by the sender in the path. */
  readonly messages: ReadonlyMap<number, readonly [client: number, backend: number]>;
  /** Lines about what must not happen. */
  readonly unexpected: readonly string[];
}

interface Line {
  readonly level?: string;
  readonly kind?: string;
  readonly msg?: string;
  readonly path?: string;
  readonly backend?: string;
  readonly error?: string | null;
  readonly attempts?: number;
  readonly status?: number;
  readonly tunnel?: {
    readonly cause: string;
    readonly client: { readonly messages: number };
    readonly backend: { readonly messages: number };
  } | null;
}

/** Lines that are kept in words. */
const UNEXPECTED_MAX = 50;
const LINE_MAX = 400;

/** Reads a whole log. `isDisturbed` tells of a backend's URL whether warnings about it are to be expected. */
export async function readLogbook(file: string, isDisturbed: (backend: string) => boolean): Promise<Logbook> {
  const page = new Page(isDisturbed);
  for await (const line of createInterface({ input: createReadStream(file) })) page.add(line);
  return page;
}

/** The log so far. */
export class Page implements Logbook {
  sockets = 0;
  tunnels = 0;
  requests = 0;
  attempts = 0;
  readonly errors: Record<string, number> = {};
  readonly causes: Record<string, number> = {};
  readonly messages = new Map<number, readonly [number, number]>();
  readonly unexpected: string[] = [];
  private readonly isDisturbed: (backend: string) => boolean;

  constructor(isDisturbed: (backend: string) => boolean) {
    this.isDisturbed = isDisturbed;
  }

  add(text: string): void {
    const line: Line | undefined = parseLine(text);
    if (line?.kind !== undefined) this.addRecord(line);
    else if ((line === undefined || !this.isExpected(line)) && this.unexpected.length < UNEXPECTED_MAX)
      this.unexpected.push(text.slice(0, LINE_MAX));
  }

  private addRecord(line: Line): void {
    const { kind, error, attempts = 0, tunnel, path = "" } = line;
    count(this.errors, error ?? "none");
    if (kind === "request") {
      this.requests += 1;
      this.attempts += attempts;
      return;
    }
    this.sockets += 1;
    if (tunnel === null || tunnel === undefined) return;
    this.tunnels += 1;
    count(this.causes, tunnel.cause);
    const sender = /^\/(?:talk|stay)\/(\d+)/.exec(path)?.[1];
    if (sender !== undefined) this.messages.set(Number(sender), [tunnel.client.messages, tunnel.backend.messages]);
  }

  /** Warnings have to be about a backend to which something was done. */
  private isExpected({ level, backend }: Line): boolean {
    if (level === "info" || level === "debug") return true;
    return level === "warn" && backend !== undefined && this.isDisturbed(backend);
  }
}

function count(counts: Record<string, number>, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

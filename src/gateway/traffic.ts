import type { Tunnel } from "../relay/index.ts";

/** What tunnels have carried. */
export class Traffic {
  readonly messages = { fromClient: 0, fromBackend: 0 };
  readonly bytes = { fromClient: 0, fromBackend: 0 };
  readonly payload = { fromClient: 0, fromBackend: 0 };

  /**
   * Adds what a tunnel has carried so far.
   *
   * @param before what of that has been added elsewhere
   */
  addTunnel({ client, backend }: Tunnel, before?: Traffic): void {
    this.messages.fromClient += client.tracker.messages;
    this.messages.fromBackend += backend.tracker.messages;
    this.bytes.fromClient += client.bytes;
    this.bytes.fromBackend += backend.bytes;
    this.payload.fromClient += client.tracker.payloadBytes;
    this.payload.fromBackend += backend.tracker.payloadBytes;
    if (before !== undefined) this.add(before, -1);
  }

  add(other: Traffic, sign: 1 | -1 = 1): void {
    for (const direction of ["fromClient", "fromBackend"] as const) {
      this.messages[direction] += sign * other.messages[direction];
      this.bytes[direction] += sign * other.bytes[direction];
      this.payload[direction] += sign * other.payload[direction];
    }
  }
}

/** The tunnels to one backend, as far as counting goes. Tunnels that are open share it. */
export interface Carrier {
  readonly labels: readonly [pool: string, backend: string];
  /** What tunnels that have ended had carried. */
  readonly past: Traffic;
}

/** A tunnel that is open, and what it is counted with. */
export interface OpenTunnel {
  readonly tunnel: Tunnel;
  readonly carrier: Carrier;
  /** What it had carried when it was given this carrier; undefined: nothing. */
  readonly before: Traffic | undefined;
}

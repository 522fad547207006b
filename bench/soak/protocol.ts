/** What the soak asks of its helpers, over IPC. */

/** Where clients go. */
export interface Doors {
  readonly plain: number;
  readonly tls: number;
  /** The certificate to trust, in PEM. */
  readonly ca: string;
}

/** How many of each kind are at work at a time. */
export interface Crowd {
  /** Tunnels with numbered messages that come and go. */
  readonly talkers: number;
  /** Tunnels of talkers that stay until the end. */
  readonly residents: number;
  /** Clients that read a flood slowly, or stop reading. */
  readonly readers: number;
  /** Connections with plain requests. */
  readonly requesters: number;
}

/** A tunnel that ended though nobody of the clients wanted that. */
export interface Loss {
  readonly sender: number;
  readonly backend: string;
  /** Epoch, in milliseconds: when it was open, and when it was lost. */
  readonly from: number;
  readonly at: number;
  /** How it ended, for people. */
  readonly how: string;
}

/** A plain request that did not get the answer that was due. */
export interface Failure {
  readonly from: number;
  readonly at: number;
  readonly how: string;
}

/** Messages of a tunnel that ended in order, which its record has to have as well. */
export interface Finished {
  readonly sender: number;
  readonly sent: number;
  readonly received: number;
}

/** What clients have seen since they were asked last. */
export interface ClientsReport {
  readonly counts: Readonly<Record<string, number>>;
  /** What must never happen. */
  readonly complaints: readonly string[];
  readonly losses: readonly Loss[];
  readonly failures: readonly Failure[];
  readonly finished: readonly Finished[];
}

/** Calls that clients answer. */
export interface ClientsCalls {
  /** Begins; residents stay those that they are. Senders are numbered from `first` on. */
  start(args: { doors: Doors; crowd: Crowd; seed: number; first: number }): Promise<void>;
  /** Ends everybody but the residents, and waits until they are gone. */
  calm(args: object): Promise<void>;
  /** Ends the residents as well. */
  end(args: object): Promise<void>;
  report(args: object): Promise<ClientsReport>;
}

/** Calls that a backend answers. */
export interface SoakBackendCalls {
  /** @param args.port 0 for any */
  listen(args: { name: string; port: number }): Promise<{ port: number }>;
}

/** The header by which a backend tells its name. */
export const BACKEND_HEADER = "X-Backend";
/** What talkers say to be closed by the backend, and the code that they get; and to be broken off by it. */
export const BYE = "bye";
export const BYE_CODE = 4001;
export const RESET = "reset";
/** Bytes of one message of a flood. */
export const PIECE_BYTES: number = 16 * 1024;

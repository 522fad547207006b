import type { RequestHead } from "../http/index.ts";
import type { UpgradeJudgement } from "../websocket/index.ts";
import type { Leg } from "../wire/index.ts";

/** A client's handshake, and the connection that it came on. */
export interface Opening {
  readonly head: RequestHead;
  readonly judgement: UpgradeJudgement;
  /** It rests, or may go on reading; whoever takes the handshake becomes its listener at once. */
  readonly leg: Leg;
  /** The port that it came in at. */
  readonly localPort: number;
  /** What came behind the head. */
  readonly early: Uint8Array;
}

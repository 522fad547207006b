import type { Case, PeerName, Verdict } from "./case.ts";

/** What is due through fairlead, and whether that is the direct verdict. */
export const expectedVerdict = (one: Case, peer: PeerName, direct: Verdict | undefined): Verdict => {
  const difference = one.differs?.find((entry) => entry.peers.includes(peer));
  if (difference === undefined) return direct ?? { messages: [], close: "none" };
  return { close: difference.close, messages: difference.messages ?? direct?.messages ?? [] };
};

/** Whether the case has no end when it is played directly. */
export const hangsDirectly = (one: Case, peer: PeerName): boolean =>
  one.differs?.some((entry) => entry.peers.includes(peer) && entry.directly === "still open") ?? false;

const line = (verdict: Verdict): string => `${verdict.close} after [${verdict.messages.join(", ")}]`;

const apart = (verdict: Verdict): string => {
  const isPong = (message: string): boolean => message.startsWith("pong");
  const messages = verdict.messages.filter((message) => !isPong(message));
  return `${verdict.close} after [${messages.join(", ")}] and [${verdict.messages.filter(isPong).join(", ")}]`;
};

/**
 * A verdict in the form in which it can be compared. Python's websockets hands messages to a task of their own: its
 * pongs overtake its echoes, and echoes are lost when it fails the connection, with fairlead and without.
 */
export const comparable = (one: Case, peer: PeerName, verdict: Verdict): string => {
  if (peer !== "python") return line(verdict);
  const waitsForAnswers = one.saysGoodbye !== false && verdict.close === 1000;
  return waitsForAnswers ? apart(verdict) : String(verdict.close);
};

import { FirstByte } from "./frames.ts";

/** What a frame counter tells. */
export interface FrameEvents {
  /** So many messages are whole, of one read; those before a control frame are told before it. */
  messages(count: number): void;
  /**
   * A frame that is no message begins at `at`.
   *
   * @returns where the next one begins; undefined when this one is not there whole
   * @throws Error when no such frame may come
   */
  control(bytes: Buffer, at: number): number | undefined;
}

/**
 * Follows the frames of a tunnel by counting bytes: all its messages have frames of `whole` bytes, of which only the
 * first is looked at. The function takes what is read, one piece after the other.
 */
export function frameCounter(whole: number, events: FrameEvents): (chunk: Buffer) => void {
  /** Bytes of the message under way that are still to come. */
  let remaining = 0;
  /** The beginning of a control frame. */
  let pending: Buffer | undefined;
  return (chunk) => {
    const bytes = pending === undefined ? chunk : Buffer.concat([pending, chunk]);
    pending = undefined;
    let messages = 0;
    for (let at = 0; at < bytes.length;) {
      if (remaining === 0) {
        if (bytes[at] !== FirstByte.binary) {
          if (messages > 0) events.messages(messages);
          messages = 0;
          const next = events.control(bytes, at);
          if (next === undefined) pending = Buffer.from(bytes.subarray(at));
          at = next ?? bytes.length;
          continue;
        }
        remaining = whole;
      }
      const take = Math.min(remaining, bytes.length - at);
      remaining -= take;
      at += take;
      if (remaining === 0) messages += 1;
    }
    if (messages > 0) events.messages(messages);
  };
}

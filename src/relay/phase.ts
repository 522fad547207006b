/** Where a tunnel is on its way from one backend to the next. */
export const Phase = {
  /** At home. */
  settled: 0,
  /** The client's message is passed on to its end. */
  stopping: 1,
  /** The old backend finishes what it has in hand. */
  finishing: 2,
  /** The old backend's closing handshake. */
  closing: 3,
  /** There is no backend. */
  searching: 4,
  /** A new backend has got the first message that is sent again, and not given all its answers. */
  greeting: 5,
} as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

/** Addresses that clients connect to, ws and wss, with their limits. */
export {
  BACKLOG_CONNECTIONS_MAX,
  type Entrance,
  type EntranceHandlers,
  listenAdvice,
  listenError,
  openEntrance,
} from "./entrance.ts";
export { createListener, type Listener, type ListenerHandlers, type ListenerWorld } from "./listener.ts";
export type { Opening } from "./opening.ts";
export { checkTls } from "./tls.ts";
export { TurnAway } from "./turn-away.ts";

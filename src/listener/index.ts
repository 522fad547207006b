/** Addresses that clients connect to, ws and wss, with their limits. */
export { type Entrance, type EntranceHandlers, listenAdvice, openEntrance } from "./entrance.ts";
export { createListener, type Listener, type ListenerHandlers, type ListenerWorld } from "./listener.ts";
export type { Opening } from "./opening.ts";

/** Addresses that clients connect to, ws and wss, with their limits. */
export { listen, type Listener, type ListenerHandlers } from "./listener.ts";

/** Which route takes a request. Pure: requests are facts, routes are places in a list. */
export { describeMatch, type RouteMatch, routeMatchSchema } from "./match.ts";
export { createRouter, type Router } from "./router.ts";
export { createOriginCheck, type OriginCheck, type Origins, originsSchema } from "./origins.ts";

/** HTTP heads as values: reading, forwarding and writing them. No sockets here. */
export { clientAddress, type IsTrusted, plainAddress, trustedProxies } from "./address.ts";
export { type BodyScanner, createBodyScanner } from "./body.ts";
export { type CookieAttributes, parseCookies, setCookie } from "./cookies.ts";
export { type RequestFacts, requestFacts } from "./facts.ts";
export { type ForwardFacts, forwardedRequestHeaders, forwardedResponseHeaders, isOfOneHop } from "./forward.ts";
export {
  headerList,
  headerTokens,
  headerValue,
  headerValues,
  type RawHeaders,
  type RequestHead,
  type ResponseHead,
} from "./head.ts";
export { type RequestKey, requestKey, requestKeySchema } from "./key.ts";
export {
  findHeadEnd,
  MAX_RESPONSE_HEAD_SIZE,
  MAX_RESPONSE_HEADERS,
  parseResponseHead,
  readRequestHead,
} from "./parse.ts";
export { reportedLoad } from "./reported-load.ts";
export { isFieldText, isToken } from "./syntax.ts";
export {
  type Authority,
  hostProblem,
  originForm,
  parseAuthority,
  requestAuthority,
  requestHost,
  splitTarget,
  targetProblem,
} from "./target.ts";
export { type Trace, traceHeaders, traceOf } from "./trace.ts";
export { requestHeadText, responseHeadText, withHeader } from "./write.ts";

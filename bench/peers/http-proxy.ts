import httpProxy from "http-proxy";
import { serve } from "./server.ts";
import { agent, target } from "./setting.ts";

// Everything else that its documentation offers changes what is forwarded, not how fast.
const keepAlive = agent();
const proxy = httpProxy.createProxyServer({ target, ...(keepAlive === undefined ? {} : { agent: keepAlive }) });
proxy.on("error", (_error, _request, answer) => void answer.end());

serve(
  (request, response) => proxy.web(request, response),
  (request, socket, head) => proxy.ws(request, socket, head),
);

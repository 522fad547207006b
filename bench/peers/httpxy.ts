import { createProxyServer } from "httpxy";
import { serve } from "./server.ts";
import { agent, target } from "./setting.ts";

const keepAlive = agent();
const proxy = createProxyServer({ target, ...(keepAlive === undefined ? {} : { agent: keepAlive }) });
proxy.on("error", (_error, _request, answer) => void answer?.end());

serve(
  (request, response) => void proxy.web(request, response),
  (request, socket, head) => void proxy.ws(request, socket, {}, head),
);

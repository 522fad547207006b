import { headerTokens, headerValues, type RawHeaders, type ResponseHead } from "../http/index.ts";
import { acceptValue } from "./accept.ts";
import { type Extension, parseExtensions } from "./extensions.ts";
import type { UpgradeRequest } from "./judge.ts";

/** What both ends have agreed on, or why the backend's answer cannot be passed on. */
export type UpgradeVerification =
  | {
      readonly ok: true;
      readonly protocol: string | undefined;
      /** True when permessage-deflate (RFC 7692) was accepted: RSV1 then has a meaning. */
      readonly deflate: boolean;
      /** True when another extension was accepted: reserved bits and opcodes can then not be judged. */
      readonly foreignExtensions: boolean;
    }
  | { readonly ok: false; readonly reason: string };

interface Agreement {
  readonly deflate: boolean;
  readonly foreignExtensions: boolean;
}

const deflateName = "permessage-deflate";
const windowBits = /^(?:[89]|1[0-5])$/;

/**
 * Checks a backend's 101 as a client has to (RFC 6455 section 4.1), before any of it is passed on.
 *
 * @param upgrade what the client asked for
 * @returns a reason in the words of an operator's log; it holds nothing of what the backend sent
 */
export function verifyUpgrade(upgrade: UpgradeRequest, response: ResponseHead): UpgradeVerification {
  const { headers } = response;
  const reason = checkSwitch(response) ?? checkAccept(headers, upgrade.key);
  if (reason !== undefined) {
    return { ok: false, reason };
  }
  const protocols = headerValues(headers, "sec-websocket-protocol");
  const [protocol] = protocols;
  if (protocols.length > 1 || (protocol !== undefined && !upgrade.protocols.includes(protocol))) {
    return { ok: false, reason: "the answer names a subprotocol that was not offered, or several" };
  }
  const agreement = checkExtensions(upgrade.extensions, headers);
  return typeof agreement === "string" ? { ok: false, reason: agreement } : { ok: true, protocol, ...agreement };
}

function checkSwitch({ status, headers }: ResponseHead): string | undefined {
  if (status !== 101) {
    return "the answer's status is not 101";
  }
  const protocols = headerTokens(headers, "upgrade");
  if (protocols.length !== 1 || protocols[0] !== "websocket") {
    return 'the answer\'s Upgrade is not "websocket"';
  }
  return headerTokens(headers, "connection").includes("upgrade")
    ? undefined
    : 'the answer\'s Connection does not list "Upgrade"';
}

function checkAccept(headers: RawHeaders, key: string): string | undefined {
  const values = headerValues(headers, "sec-websocket-accept");
  if (values.length !== 1) {
    return `the answer has ${values.length} Sec-WebSocket-Accept headers instead of one`;
  }
  return values[0] === acceptValue(key) ? undefined : "the answer's Sec-WebSocket-Accept does not fit the key";
}

/** What the accepted extensions mean for the frames, or what is wrong with them. */
function checkExtensions(offers: readonly Extension[], headers: RawHeaders): Agreement | string {
  const accepted = parseExtensions(headerValues(headers, "sec-websocket-extensions"));
  if (accepted === undefined) {
    return "the answer's Sec-WebSocket-Extensions cannot be read";
  }
  if (!accepted.every(({ name }) => offers.some((offer) => offer.name === name))) {
    return "the answer accepts an extension that was not offered";
  }
  const deflates = accepted.filter(({ name }) => name === deflateName);
  const [deflate] = deflates;
  if (deflates.length > 1) {
    return `the answer accepts ${deflateName} twice`;
  }
  if (deflate !== undefined && !isLegalDeflate(deflate, offers)) {
    return `the answer accepts ${deflateName} with parameters that RFC 7692 does not allow`;
  }
  return { deflate: deflate !== undefined, foreignExtensions: accepted.length > deflates.length };
}

/**
 * Whether parameters are legal in an answer (RFC 7692 section 7.1). Whether the backend honoured every wish of the offer
 * is left to the client: widespread backends do not, and clients differ in whether they mind.
 */
function isLegalDeflate(accepted: Extension, offers: readonly Extension[]): boolean {
  const names = accepted.parameters.map(({ name }) => name);
  if (new Set(names).size !== names.length) {
    return false;
  }
  return accepted.parameters.every(({ name, value }) => {
    switch (name) {
      case "server_no_context_takeover":
      case "client_no_context_takeover":
        return value === undefined;
      case "server_max_window_bits":
        return value !== undefined && windowBits.test(value);
      case "client_max_window_bits":
        return value !== undefined && windowBits.test(value) && offersClientBits(offers);
      default:
        return false;
    }
  });
}

function offersClientBits(offers: readonly Extension[]): boolean {
  return offers.some(
    (offer) => offer.name === deflateName && offer.parameters.some(({ name }) => name === "client_max_window_bits"),
  );
}

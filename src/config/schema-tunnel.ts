import { z } from "zod";

import { durationField, durationOrOff, sizeOrOff } from "../base/index.ts";
import { isValidCloseCode } from "../websocket/index.ts";
import { BAD_CLOSE_CODE, rehomeField, routeRehomeField } from "./schema-rehome.ts";

/** A limit of no time at all would end everything at once. */
const SOME_TIME = { min: 1 };

const heartbeatFields = {
  interval: durationField(SOME_TIME).describe(
    "Silence after which a leg gets a ping of fairlead's own. Shorter finds dead peers sooner and costs more packets.",
  ),
  timeout: durationField(SOME_TIME).describe(
    "Time in which a sign of life must follow a ping. After it the tunnel ends; a silent backend also counts as a failure.",
  ),
};

const HEARTBEAT_MEANING =
  "Pings of fairlead's own on legs that are silent; `off` sends none, and then only the idle limit finds dead peers.";

const fields = {
  idleTimeout: durationOrOff(SOME_TIME).describe(
    "Time without data in either direction after which a tunnel ends with 1001. Heartbeats are not data; `off` keeps idle tunnels for ever.",
  ),
  lifetime: durationOrOff(SOME_TIME).describe(
    "Greatest age of a tunnel; it then ends with 1001 and the client reconnects. Spreads clients over backends that came later.",
  ),
  lifetimeJitter: z
    .number()
    .min(0)
    .max(1)
    .describe(
      "Share of `lifetime` by which it is shortened at random, so that tunnels of one age do not end together.",
    ),
  writeTimeout: durationField(SOME_TIME).describe(
    "Time without progress after which a leg that does not read what is sent to it is ended. Bounds how long a stalled reader holds memory.",
  ),
  halfCloseTimeout: durationField(SOME_TIME).describe(
    "Time that one half of a TCP connection may outlive the other; then both end.",
  ),
  closeTimeout: durationField(SOME_TIME).describe(
    "Time for a closing handshake: after a Close has been sent, the peer's own must follow, or TCP is ended.",
  ),
  maxMessageSize: sizeOrOff({ min: 1 }).describe(
    "Greatest message, over all its frames and as sent (compressed). A larger one ends the tunnel; its sender gets 1009.",
  ),
  transparent: z
    .boolean()
    .describe("Only count frames: nothing is enforced, and nothing of fairlead's own is sent while both sides live."),
  backendLostCode: z
    .number()
    .int()
    .refine(isValidCloseCode, {
      error: BAD_CLOSE_CODE,
    })
    .describe("Close code that a client gets when its backend is lost. 1012 makes common clients reconnect."),
};

/** What a route says of its tunnels; what it does not say comes from the configuration's own `tunnel`. */
export const routeTunnelSchema = z
  .strictObject({
    heartbeat: z.union([z.literal("off"), z.strictObject(heartbeatFields).partial()]).describe(HEARTBEAT_MEANING),
    ...fields,
    rehome: routeRehomeField,
  })
  .partial();

const heartbeatSchema = z.strictObject({
  interval: heartbeatFields.interval.prefault("30s"),
  timeout: heartbeatFields.timeout.prefault("10s"),
});

/** How tunnels are kept and ended, with the defaults of every key. */
export const tunnelSchema = z.strictObject({
  heartbeat: z
    .union([z.literal("off"), heartbeatSchema])
    .prefault({})
    .describe(HEARTBEAT_MEANING),
  idleTimeout: fields.idleTimeout.prefault("1h"),
  lifetime: fields.lifetime.prefault("off"),
  lifetimeJitter: fields.lifetimeJitter.prefault(0.1),
  writeTimeout: fields.writeTimeout.prefault("30s"),
  halfCloseTimeout: fields.halfCloseTimeout.prefault("10s"),
  closeTimeout: fields.closeTimeout.prefault("5s"),
  maxMessageSize: fields.maxMessageSize.prefault("off"),
  transparent: fields.transparent.prefault(false),
  backendLostCode: fields.backendLostCode.prefault(1012),
  rehome: rehomeField.prefault("off"),
});

/** Heartbeat values for a route that turns heartbeats on where the configuration has them off. */
export const HEARTBEAT_DEFAULTS = heartbeatSchema.parse({});

import type { z } from "zod";
import type { Bytes, Milliseconds, PoolView, Random } from "../base/index.ts";

/** What an algorithm may know of the connection that it chooses for. */
export interface PickRequest {
  /** Text that the connection is hashed by; undefined when the algorithm needs none or the request carries none. */
  readonly key: string | undefined;
  /** Indices of backends that already failed for this connection. */
  readonly tried: readonly number[];
}

/** One pool's chooser. May keep state between picks (a cursor, credits), never about single connections. */
export interface Balancer {
  /**
   * Chooses among the candidates: eligible and not yet tried. An order rather than an answer: when the choice fails, it
   * is asked again with the failed one in `tried`. Called for each connection: allocates nothing.
   *
   * @returns index of a backend, or -1 exactly when no candidate is left
   */
  pick(view: PoolView, request: PickRequest): number;
}

/** What tunnels count for what they carry, in messages of clients a second. */
export interface ActivityMeasure {
  /** So many bytes count as much as a message does beside its bytes. */
  readonly messageBytes: Bytes;
  /** Weight of what clients send. */
  readonly fromClient: number;
  /** Weight of what backends send. */
  readonly fromBackend: number;
  /** What an open tunnel counts though it carries nothing. */
  readonly tunnel: number;
  /** Time constant of the mean. */
  readonly window: Milliseconds;
}

/** How long backends let clients wait. */
export interface LatencyMeasure {
  /** Time constant with which a peak is forgotten, once backends answer faster. */
  readonly decay: Milliseconds;
}

/** What has to be measured of backends, so that the view can tell it. */
export interface Measures {
  readonly activity?: ActivityMeasure;
  readonly latency?: LatencyMeasure;
}

/**
 * One way of balancing. `Options` is what its schema makes of the configuration; `method` in it is the algorithm's
 * name.
 */
export interface Algorithm<Options extends { readonly method: string }> {
  /** Its options in long form: a strict object whose `method` is the name. */
  readonly schema: z.ZodType<Options>;
  /** What of a request it cannot do without. */
  readonly needs: { readonly key: boolean };
  /** Whether the weights of backends make a difference. */
  readonly usesWeights: boolean;
  /** Absent when it asks for nothing beyond loads. */
  measures?(options: Options): Measures;
  create(options: Options, random: Random): Balancer;
}

import type { Milliseconds } from "../base/index.ts";
import type { BackendConfig, PoolTls } from "../config/index.ts";
import type { ActiveOptions } from "../health/index.ts";
import { reportedLoad } from "../http/index.ts";

import type { ProbeFailure, ProbeFinding, ProbeWork } from "./finding.ts";
import { http } from "./http.ts";
import { tcp } from "./tcp.ts";
import { websocket } from "./websocket.ts";

/** Whether a backend lives, asked by a handshake that it may refuse. */
export interface RecoveryQuestion {
  readonly kind: "recovery";
  readonly path: string;
  /** For connection, handshake, ping and pong together. */
  readonly timeout: Milliseconds;
}

/** What a probe asks. */
export type ProbeQuestion = RecoveryQuestion | ActiveOptions;

type Work = Omit<ProbeWork<unknown>, "question">;

/**
 * Asks a backend whether it is well, in the way that the question says.
 *
 * @param signal gives the probe up: its connection is dropped at once, and what it found means nothing
 */
export function probe(
  backend: BackendConfig,
  tls: PoolTls,
  question: ProbeQuestion,
  signal: AbortSignal,
): Promise<ProbeFinding> {
  if (signal.aborted) return Promise.resolve({ failure: GIVEN_UP, rttMs: undefined, load: undefined });
  return new Promise((resolve) => {
    let over = false;
    let load: number | undefined;
    const finish = (failure: ProbeFailure | undefined, rttMs: Milliseconds | undefined): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      letGo(failure === undefined);
      resolve({ failure, rttMs, load });
    };
    const giveUp = (): void => finish(GIVEN_UP, undefined);
    const timer = setTimeout(() => finish(SILENT, undefined), question.timeout);
    signal.addEventListener("abort", giveUp);
    const letGo = begin(question, {
      backend,
      tls,
      tellLoad: (headers) => void (load = reportedLoad(headers)),
      pass: (rttMs) => finish(undefined, rttMs),
      fail: (kind, reason) => finish({ signal: kind, reason }, undefined),
    });
  });
}

/** What a probe finds, it finds later: nothing is told before this has returned. */
function begin(question: ProbeQuestion, work: Work): (passed: boolean) => void {
  switch (question.kind) {
    case "tcp":
      return tcp({ ...work, question });
    case "http":
      return http({ ...work, question });
    case "websocket":
      return websocket({ ...work, question });
    case "recovery":
      return websocket({ ...work, question: { path: question.path, mayRefuse: true } });
  }
}

const GIVEN_UP: ProbeFailure = { signal: "dial-failed", reason: "the probe was given up" };
const SILENT: ProbeFailure = { signal: "heartbeat-timeout", reason: "no answer in time" };

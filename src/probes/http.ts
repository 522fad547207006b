import type { IncomingMessage } from "node:http";

import type { ActiveOptions } from "../health/index.ts";

import { ANSWER_BYTES_MAX, ENDLESS, judgeAnswers } from "./expectation.ts";
import type { ProbeKind, ProbeWork } from "./finding.ts";
import { requestOf } from "./request.ts";
import { isAmong } from "./statuses.ts";

type Question = ActiveOptions & { kind: "http" };

/** A page: its status, and the beginning of its body. */
export const http: ProbeKind<Question> = (work) => {
  const { fail } = work;
  const begun = performance.now();
  const request = requestOf(work, { Accept: "*/*" });
  request.on("error", (error) => fail("dial-failed", error.message));
  request.on("response", (response) => judge(work, response, begun));
  // Not to be taken for an answer: nobody asked for it.
  request.on("upgrade", (_response, socket) => {
    socket.destroy();
    fail("protocol-error", "it answered 101 to a plain request");
  });
  request.end();
  return () => void request.destroy();
};

function judge(
  { question, tellLoad, pass, fail }: ProbeWork<Question>,
  response: IncomingMessage,
  begun: number,
): void {
  tellLoad(response.rawHeaders);
  const { statusCode = 0 } = response;
  response.on("error", () => fail("unexpected-close", "its answer was cut off"));
  response.on("aborted", () => fail("unexpected-close", "its answer was cut off"));
  if (!isAmong(statusCode, question.statuses)) {
    fail("dial-failed", `it answered ${statusCode}`);
    return;
  }
  const { expect } = question;
  const rtt = (): number => performance.now() - begun;
  if (expect === undefined) {
    pass(rtt());
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  const look = (): void => {
    const verdict = judgeAnswers(expect, [Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX)]);
    if (verdict === "holds") pass(rtt());
    else fail("dial-failed", verdict === "endless" ? ENDLESS : "its answer does not hold what it should");
  };
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= ANSWER_BYTES_MAX) look();
  });
  response.on("end", look);
}

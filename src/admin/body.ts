import type { IncomingMessage } from "node:http";

import type { Bytes } from "../base/index.ts";

import { Refusal } from "./errors.ts";

/** Longest body that is read; what is sent here is a few fields. */
export const MAX_BODY: Bytes = 65_536;

/**
 * Reads the JSON of a request.
 *
 * @returns undefined when there is no body
 * @throws Refusal 400, 413 or 415
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const { "content-length": length, "transfer-encoding": coding, "content-type": type } = request.headers;
  if (coding === undefined && Number(length ?? 0) === 0) return undefined;
  // Browsers let every page send forms and plain text anywhere, but ask first before they send JSON.
  if (!/^application\/json *(;|$)/i.test(type ?? "")) {
    const message = `A body must be JSON, with Content-Type: application/json, not ${JSON.stringify(type ?? "")}.`;
    throw new Refusal("UNSUPPORTED_MEDIA_TYPE", message, { Accept: "application/json" });
  }
  const text = await readText(request, Number(length ?? 0));
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refusal("BAD_REQUEST", `The body is not JSON: ${why}.`);
  }
}

async function readText(request: IncomingMessage, announced: Bytes): Promise<string> {
  if (announced > MAX_BODY) throw tooLarge();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size: Bytes = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY) chunks.push(chunk);
      else {
        request.pause();
        reject(tooLarge());
      }
    });
    request.once("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    request.once("error", (error) => reject(new Refusal("BAD_REQUEST", `The body broke off: ${error.message}.`)));
  });
}

function tooLarge(): Refusal {
  return new Refusal("BODY_TOO_LARGE", `A body may have ${MAX_BODY} bytes, and this one has more.`);
}

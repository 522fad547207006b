import type { BackendSide, ClientSide } from "./protocol.ts";
import type { TunnelRecord } from "./records.ts";

/** How long a message may be on its way from a client to its backend, when no echo has taken longer. In milliseconds. */
const TRANSIT_MIN = 250;

/**
 * What can be known of the messages of one tunnel, and is not so; undefined when all is well.
 *
 * Order and content are checked where messages arrive: each end takes exactly the next number of each speaker, so what
 * has arrived is always a beginning of what was sent. What is left to say is how long that beginning is:
 *
 * 1. Whatever a backend sends before its Close arrives. fairlead ends the backend's leg first, and forwards what comes
 *    until then. So the client has all echoes and all of the backend's own messages, as many as the backend has sent.
 * 2. Whatever arrives at a backend is echoed, since it answers before it reads on. So a message without an echo has not
 *    reached it: it was under way when fairlead told the backend that the tunnel ends, and nothing from the client is
 *    forwarded behind a Close. It must have been sent then, or no longer before than a message may be under way.
 * 3. A client that ends its tunnel itself has waited for its echoes: none is missing.
 * 4. A backend that was killed has kept no books. What fairlead has got from it whole, the client has got.
 *
 * In all cases fairlead has counted as many messages from the backend as the client has got, and of the client's at
 * least those that the backend has got, and none that was not sent.
 */
export function messageProblem(
  client: ClientSide,
  record: TunnelRecord,
  backend: BackendSide | undefined,
  slowest: number,
): string | undefined {
  const { id, sent, echoed, heard } = client;
  const got = echoed + heard;
  if (record.fromBackend !== got) return `${id}: ${record.fromBackend} messages came from the backend, ${got} arrived`;
  if (record.fromClient > sent) return `${id}: ${record.fromClient} messages came from the client, which sent ${sent}`;
  if (record.fromClient < echoed)
    return `${id}: ${record.fromClient} messages came from the client, and ${echoed} echoes`;
  if (backend === undefined)
    return record.cause === "backend-vanished" ? undefined : `${id}: its backend does not know it`;
  const { received, echoed: answered, said, told } = backend;
  if (answered !== received) return `${id}: its backend got ${received} messages and echoed ${answered}`;
  if (echoed !== answered) return `${id}: its backend sent ${answered} echoes, ${echoed} arrived`;
  if (heard !== said) return `${id}: its backend said ${said} messages, ${heard} arrived`;
  if (record.fromClient < received) return `${id}: its backend got ${received} messages of ${record.fromClient}`;
  if (told === null) return `${id}: its backend was not told that it ended`;
  if (client.unanswered === null) return undefined;
  const missing = sent - received;
  if (record.cause === "client-close") return `${id}: ${missing} messages did not reach its backend`;
  const early = told - client.unanswered;
  if (early <= Math.max(TRANSIT_MIN, slowest)) return undefined;
  return `${id}: ${missing} messages did not reach its backend, the first one sent ${early} ms before that was told of the end`;
}

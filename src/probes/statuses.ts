import type { ActiveOptions } from "../health/index.ts";

type Statuses = (ActiveOptions & { kind: "http" })["statuses"];

/** Whether a status is one of these: a number, a class such as `2xx`, or a range such as `200-399`, ends included. */
export function isAmong(status: number, statuses: Statuses): boolean {
  return statuses.some((one) => {
    if (typeof one === "number") return one === status;
    const [low, high] = one.split("-");
    return high === undefined
      ? one === `${Math.floor(status / 100)}xx`
      : Number(low) <= status && status <= Number(high);
  });
}

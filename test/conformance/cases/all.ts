import type { Case } from "../case.ts";
import { brokenClosing, closing } from "./closing.ts";
import { brokenControl, control } from "./control.ts";
import { brokenDeflate, deflate } from "./deflate.ts";
import { brokenFraming, framing } from "./framing.ts";
import { brokenFragments, fragments } from "./fragments.ts";
import { reserved } from "./reserved.ts";
import { utf8 } from "./utf8.ts";

/** Every case, by what it is about. */
export const ALL_CASES: Readonly<Record<string, readonly Case[]>> = {
  framing,
  "broken framing": brokenFraming,
  "control frames": control,
  "broken control frames": brokenControl,
  "reserved bits and opcodes": reserved,
  fragments,
  "broken fragments": brokenFragments,
  "UTF-8": utf8,
  closing,
  "broken closing": brokenClosing,
  "permessage-deflate": deflate,
  "broken permessage-deflate": brokenDeflate,
};

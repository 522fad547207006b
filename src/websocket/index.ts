/** The WebSocket protocol (RFC 6455, RFC 7692) without I/O. */
export { acceptValue } from "./accept.ts";
export {
  agreedText,
  agreedWords,
  resetsServerContext,
  withoutClientTakeover,
  withoutServerTakeover,
} from "./agreed.ts";
export { copyOf } from "./close-payload.ts";
export { CloseCode, isValidCloseCode } from "./codes.ts";
export { type Extension, type ExtensionParameter, parseExtensions } from "./extensions.ts";
export { controlsEnd, frameEnd } from "./frame-end.ts";
export { EMPTY_FRAMES, type FrameSizes, newFrameSizes } from "./frame-sizes.ts";
export { applyMask, type CloseBody, closeFrame, controlFrame, Opcode } from "./frames.ts";
export { isWebSocketUpgrade, judgeUpgrade, type UpgradeJudgement, type UpgradeRequest } from "./judge.ts";
export { FrameTracker, Scan, type TrackerOptions, type Violation } from "./tracker.ts";
export { type UpgradeVerification, verifyUpgrade } from "./verify.ts";

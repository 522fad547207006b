// What V8 is told before anything runs, in the command and in every worker. All of it is about memory, at the same CPU
// for each handshake and each message: docs/performance.md has the figures. Old syntax, as in fairlead.cjs.
"use strict";

var v8 = require("v8");

[
  // A storm of handshakes makes V8 enlarge the space for young objects, and it never gives that back.
  "--semi-space-growth-factor=1",
  // V8's middle compiler works in threads whose memory, 10 to 20 MB, malloc does not give back. Without it the last
  // compiler has to come sooner.
  "--no-maglev",
  "--invocation-count-for-turbofan=1000",
  // What was promoted and has died meanwhile is collected when the heap has grown by a fifth, not to a multiple.
  "--heap-growing-percent=20",
].forEach(function (flag) {
  v8.setFlagsFromString(flag);
});

#!/usr/bin/env node
// Plain old-syntax JavaScript on purpose: an old Node must be able to read this far, and then say so.
"use strict";

var fs = require("fs");
var path = require("path");
var url = require("url");

var NEEDED = [22, 19];

var version = process.versions.node.split(".").map(Number);
var isOld = version[0] < NEEDED[0] || (version[0] === NEEDED[0] && version[1] < NEEDED[1]);

if (isOld) {
  process.stderr.write(
    "fairlead needs Node.js " + NEEDED.join(".") + " or later; this is " + process.versions.node + ".\n",
  );
  process.exitCode = 2;
} else {
  start();
}

function start() {
  // eslint-disable-next-line import/no-unassigned-import -- it acts when it is read, in workers by --require
  require("./v8-settings.cjs");
  var source = path.join(__dirname, "..", "src", "cli", "main.ts");
  var isCheckout = fs.existsSync(source);
  if (isCheckout) hideTypeStrippingWarning();
  var entry = isCheckout ? source : path.join(__dirname, "..", "dist", "cli", "main.js");
  import(url.pathToFileURL(entry).href)
    .then(function (cli) {
      return cli.main(process.argv.slice(2));
    })
    .then(function (code) {
      process.exitCode = code;
    });
}

// Some versions of Node warn that running TypeScript is experimental; all other warnings are still shown.
function hideTypeStrippingWarning() {
  var emitWarning = process.emitWarning;
  process.emitWarning = function (warning) {
    if (!/Type Stripping|stripTypeScriptTypes/.test(String(warning))) emitWarning.apply(process, arguments);
  };
}

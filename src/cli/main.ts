#!/usr/bin/env node
import { text } from "node:stream/consumers";
import { runCli } from "./program.js";

const controller = new AbortController();
// The first one lets the work in hand end, the second one is Node's own.
process.once("SIGINT", () => controller.abort(new Error("SIGINT")));

const color = process.stdout.isTTY === true && !process.env["NO_COLOR"];
void runCli(process.argv.slice(2), {
  write: (part) => process.stdout.write(part),
  writeError: (part) => process.stderr.write(part),
  isWatched: process.stderr.isTTY === true && process.env["TERM"] !== "dumb",
  color,
  cwd: process.cwd(),
  env: process.env,
  readInput: () => text(process.stdin),
  signal: controller.signal,
}).then((code) => {
  process.exitCode = code;
  // What a config left open must not keep the process; what was written has to be out first.
  process.stdout.write("", () => process.stderr.write("", () => process.exit()));
});

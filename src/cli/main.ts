#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { runCli } from "./program.js";

const controller = new AbortController();
// The first one lets the work in hand end, the second one is Node's own.
process.once("SIGINT", () => controller.abort(new Error("SIGINT")));

/** Of the package that this file, built, is in. */
const { version }: { readonly version: string } = JSON.parse(readFileSync(join(__dirname, "../package.json"), "utf8"));

const color = process.stdout.isTTY === true && !process.env["NO_COLOR"];
void runCli(process.argv.slice(2), {
  write: (part) => process.stdout.write(part),
  writeError: (part) => process.stderr.write(part),
  isWatched: process.stderr.isTTY === true && process.env["TERM"] !== "dumb",
  color,
  cwd: process.cwd(),
  env: process.env,
  readInput: () => text(process.stdin),
  version,
  signal: controller.signal,
}).then((code) => {
  process.exitCode = code;
  // What a config left open must not keep the process; what was written has to be out first.
  process.stdout.write("", () => process.stderr.write("", () => process.exit()));
});

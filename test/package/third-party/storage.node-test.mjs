import { mkdtempSync } from "node:fs";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { storageConformance } from "bellwire/testing";
import { jsonFileStorage } from "./json-file-storage.mjs";

const make = () => {
  const storage = jsonFileStorage(`${mkdtempSync("storage-")}/storage.json`);
  return { storage, advance: (ms) => setTimeout(ms), dispose: () => undefined };
};
for (const { name, run } of storageConformance(make, { updateVisitors: false })) test(name, run);

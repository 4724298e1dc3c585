import { mkdtempSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { storageConformance } from "bellwire/testing";
import { describe, it } from "vitest";
import { jsonFileStorage } from "./json-file-storage.mjs";

const make = () => {
  const storage = jsonFileStorage(`${mkdtempSync("storage-")}/storage.json`);
  return { storage, advance: (ms) => setTimeout(ms), dispose: () => undefined };
};
describe("jsonFileStorage", () => {
  for (const { name, run } of storageConformance(make, { updateVisitors: false })) it(name, run);
});

import { createSegmentSource, functionRunner, memoryStorage } from "bellwire";
import { bullmqIngest, bullmqRunner } from "bellwire/bullmq";
import { courierRunner } from "bellwire/courier";
import { httpRunner } from "bellwire/http-runner";
import { inngestRunner } from "bellwire/inngest";
import { knockRunner } from "bellwire/knock";
import { novuRunner } from "bellwire/novu";
import { openTelemetry } from "bellwire/opentelemetry";
import { postgresStorage } from "bellwire/postgres";
import { sqliteStorage } from "bellwire/sqlite";
import Database from "libsql";
import { describe, expect, it } from "vitest";

/** What the compiler would refuse, and a host in JavaScript may well hand in. */
const wrong = (value: unknown) => value as never;
const source = createSegmentSource({ storage: memoryStorage(), runner: functionRunner(() => undefined), triggers: [] });
const client = wrong({ workflows: {}, trigger: () => undefined, send: {} });
const queue = wrong({ add: () => undefined });
const http = { url: "https://example.com", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };
const database = wrong(new Database(":memory:"));
const pool = wrong({ query: () => undefined });

/** With what each can not do without. */
const adapters: readonly (readonly [string, (options: object) => unknown, object, string])[] = [
  ["knockRunner", (options) => knockRunner(wrong(options)), { client }, "timeoutMs"],
  ["novuRunner", (options) => novuRunner(wrong(options)), { client }, "cancellation"],
  ["courierRunner", (options) => courierRunner(wrong(options)), { client }, "onServerError"],
  ["inngestRunner", (options) => inngestRunner(wrong(options)), { client }, "cancelEventName"],
  ["httpRunner", (options) => httpRunner(wrong(options)), http, "maxRecipients"],
  ["bullmqRunner", (options) => bullmqRunner(wrong(options)), { queue }, "timeoutMs"],
  ["bullmqIngest", (options) => bullmqIngest(source, wrong(options)), { queue }, "timeoutMs"],
  ["sqliteStorage", (options) => sqliteStorage(wrong(options)), { database }, "synchronous"],
  ["postgresStorage", (options) => postgresStorage(wrong(options)), { pool }, "prepare"],
];

describe.each(adapters)("%s", (name, make, required, option) => {
  const refusal = (message: string) =>
    expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining(message) });

  it("takes what it can not do without", () => {
    expect(() => make(required)).not.toThrow();
  });

  it("refuses an option that nobody would read, and one of another kind", () => {
    const misspelt = option.slice(0, -1);
    const message = `${name}: ${misspelt}: is not an option. Did you mean ${option}?`;
    expect(() => make({ ...required, [misspelt]: 1 })).toThrow(refusal(message));
    expect(() => make({ ...required, [option]: "often" })).toThrow(refusal(`${name}: ${option}: is n`));
  });

  it("says what is missing, and what was given instead", () => {
    const [first = ""] = Object.keys(required);
    expect(() => make(wrong(undefined))).toThrow(refusal(`${name}: ${first}: is missing.`));
    expect(() => make({})).toThrow(refusal(`${name}: ${first}: is missing.`));
    for (const other of ["", {}])
      expect(() => make({ ...required, [first]: other })).toThrow(refusal(`${name}: ${first}: is `));
  });
});

it("a time that no timer can wait for is refused: it would be over at once", () => {
  for (const timeoutMs of [Number.POSITIVE_INFINITY, 0, 2 ** 31, Number.NaN])
    expect(() => bullmqRunner({ queue, timeoutMs })).toThrow(
      "bullmqRunner: timeoutMs: is not a number of milliseconds",
    );
});

it("a limit of recipients is a number from 1 on, or null for none", () => {
  for (const maxRecipients of [1, 100, null])
    expect(functionRunner(() => undefined, { maxRecipients }).capabilities).toMatchObject({ maxRecipients });
});

it("an option of openTelemetry that nobody would read is refused", () => {
  expect(() => openTelemetry(wrong({ tracerProvder: {} }))).toThrow("Did you mean tracerProvider?");
});

import {
  combineRunners,
  createSegmentSource,
  createWebhookHandler,
  functionRunner,
  memoryStorage,
  previewSegmentPayload,
} from "bellwire";
import { createConsole } from "bellwire/console";
import { track } from "bellwire/testing";
import { expect, it } from "vitest";

/** As what is read from the environment or from a configuration: perhaps there, and perhaps not. */
const maybe = <Value>(): Value | undefined => undefined;

it("an option that may be undefined compiles, and is one that was left out", async () => {
  const runner = functionRunner(() => undefined, { maxRecipients: maybe<number>(), cancel: maybe<() => void>() });
  const source = createSegmentSource({
    storage: memoryStorage({ maxEvents: maybe<number>() }),
    runner: combineRunners({ workflows: {}, fallback: maybe<typeof runner>() ?? runner }),
    environments: { production: { authentication: "none" } },
    key: maybe<string>(),
    dispatch: maybe<"background">(),
    retention: { payloads: maybe<"1h">() },
    redact: maybe<string[]>(),
    unidentified: maybe<"create">(),
  });
  createWebhookHandler(source, { environment: maybe<string>(), maxBodyBytes: maybe<number>() });
  createConsole({ source, sources: undefined, authorize: () => null, basePath: maybe<string>() });
  expect(await source.replay({ replayId: "fix", mode: maybe<"again">(), dryRun: maybe<boolean>() })).toMatchObject({
    replayed: 0,
  });
  const previewed = await previewSegmentPayload(track("A"), { triggers: maybe<[]>(), users: maybe<string[]>() });
  expect(previewed.events).toHaveLength(1);
});

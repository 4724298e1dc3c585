import {
  combineRunners,
  compareTriggers,
  createSegmentSource,
  defineTrigger,
  functionRunner,
  memoryStorage,
  previewSegmentPayload,
  type SegmentSource,
  type SegmentSourceOptions,
} from "bellwire";
import { recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const setUp = (options: Partial<SegmentSourceOptions> = {}) => {
  const source = createSegmentSource({ storage: memoryStorage(), runner: recordingRunner(), ...options });
  return { source };
};

/** What the compiler would refuse, and a host in JavaScript may well hand in. */
const wrong = (value: unknown) => value as never;

describe("what nobody would read, or that is of another kind, is refused by name", () => {
  it.each<[string, unknown, string]>([
    ["a trigger that is none", undefined, "A trigger: expected the definition of a trigger"],
    ["a trigger without a workflow", { ...welcome, workflow: undefined }, "workflow: expected a text"],
    [
      "a trigger that is off where there is no such environment",
      { ...welcome, active: { productoin: false } },
      'Trigger "welcome": active.productoin: is not an environment. Did you mean production? There are: production, staging.',
    ],
    [
      "a trigger that is on where there is none",
      { ...welcome, active: { live: true } },
      "active.live: is not an environment.",
    ],
  ])("%s", (_, trigger, message) => {
    const environments = { production: {}, staging: {} };
    const refusal = expect.objectContaining({
      code: "CONFIG_TRIGGER_INVALID",
      message: expect.stringContaining(message),
    });
    expect(() => setUp({ environments, triggers: [trigger as never] })).toThrow(refusal);
    const { source } = setUp({ environments, triggers: [] });
    expect(() => Reflect.apply(source.triggers.register, undefined, [trigger])).toThrow(refusal);
  });

  it("a source that names no environments takes triggers of those that do", () => {
    expect(() => setUp({ triggers: [{ ...welcome, active: { production: false } }] })).not.toThrow();
  });

  it.each<[string, (source: SegmentSource) => unknown, string]>([
    [
      "a plan of a user",
      ({ users }) => users.identify(wrong({ id: "ada", plan: "pro" })),
      "plan: is not an attribute of",
    ],
    ["a plan of a user", ({ users }) => users.identify(wrong({ id: "ada", plan: "pro" })), "goes into properties."],
    [
      "a user without an id",
      ({ users }) => users.identify(wrong({ email: "a@x.y" })),
      "users.identify: id: is missing.",
    ],
    ["a user with an empty id", ({ users }) => users.identify({ id: "" }), "users.identify: id: is empty."],
    ["a user with a number", ({ users }) => users.identify(wrong({ id: 7 })), "users.identify: id: is not a string."],
    ["no user", ({ users }) => users.identify(wrong("ada")), "users.identify: takes an object"],
    ["properties in a list", ({ users }) => users.identify(wrong({ id: "a", properties: [] })), "is not an object."],
    ["one user", ({ users }) => users.notifyIdentified(wrong("ada")), "users.notifyIdentified: ids: is not a list."],
    [
      "a group without an id",
      ({ groups }) => groups.identify(wrong({ traits: {} })),
      "groups.identify: id: is missing.",
    ],
    ["a name of a group", ({ groups }) => groups.identify(wrong({ id: "g", name: "G" })), "goes into traits."],
    ["one run", ({ runs }) => runs.retry(wrong("bw_1")), "runs.retry: keys: is not a list."],
    ["a setting of nobody", ({ environments }) => environments.update(wrong({ identfy: false })), "identify?"],
    ["no setting", ({ environments }) => environments.update(wrong({})), "identify: is neither true nor false."],
    [
      "a setting in words",
      ({ environments }) => environments.update(wrong({ identify: "no" })),
      "identify: is neither true nor false.",
    ],
    [
      "an email that is a number",
      ({ users }) => users.identify(wrong({ id: "a", email: 7 })),
      "email: is not a string.",
    ],
    [
      "a merge without an end",
      ({ users }) => users.merge(wrong({ from: "old", to: "new" })),
      "users.merge: into: is missing.",
    ],
    ["an id without an end", ({ users }) => users.identify({ id: "字".repeat(334) }), "id: takes 1002 bytes; at most"],
    ["a merge into it", ({ users }) => users.merge({ from: "a", into: "x".repeat(1_001) }), "into: takes 1001 bytes"],
    ["a group of it", ({ groups }) => groups.identify({ id: "x".repeat(1_001) }), "groups.identify: id: takes 1001"],
    ["a member of it", ({ groups }) => groups.addMember("g", "x".repeat(1_001)), "groups.addMember: userId: takes"],
    ["a merge of nobody", ({ users }) => users.merge({ from: "", into: "new" }), "users.merge: from: is empty."],
    ["a misspelt id", ({ users }) => users.merge(wrong({ from: "a", into: "b", frm: "c" })), "Did you mean from?"],
    ["a merge of two ids", ({ users }) => users.merge(wrong("a"), wrong("b")), "users.merge: takes an object"],
    ["a user who is nobody", ({ users }) => users.get(wrong(undefined)), "users.get: id: is missing."],
    ["a deletion of nobody", ({ users }) => users.delete(""), "users.delete: id: is empty."],
    ["a deletion of a user", ({ users }) => users.delete(wrong({ id: "ada" })), "users.delete: id: is not a string."],
    ["a misspelt search", ({ users }) => users.list(wrong({ serch: "ada" })), "users.list: serch: is not an option."],
    ["a limit in words", ({ users }) => users.list(wrong({ limit: "ten" })), "users.list: limit: is not a number."],
    ["an empty id among others", ({ users }) => users.notifyIdentified(["a", ""]), "ids[1]: is empty."],
    ["a member who is nobody", ({ groups }) => groups.addMember("g", wrong(undefined)), "userId: is missing."],
    [
      "a membership since a text",
      ({ groups }) => groups.removeMember("g", "u", wrong({ at: "2026-01-01" })),
      "groups.removeMember: at: is not a date.",
    ],
    ["a status of nothing", ({ runs }) => runs.list(wrong({ status: "fail" })), 'Did you mean "failed"?'],
    ["an event without an id", ({ events }) => events.get(wrong(7)), "events.get: messageId: is not a string."],
    [
      "a timeline of texts",
      ({ events }) => events.timeline(wrong({ from: "a", to: "b", buckets: 1 })),
      "is not a date.",
    ],
    ["a timeline without an end", ({ events }) => events.timeline(wrong({ buckets: 1 })), "to: is not after from"],
    ["no timeline", ({ events }) => events.timeline(wrong(undefined)), "events.timeline: takes an object of options"],
    ["an audit by a misspelt name", ({ audit }) => audit.list(wrong({ enviroment: "a" })), "Did you mean environment?"],
    ["a name that is an object", ({ triggers }) => triggers.save(welcome, wrong({ by: {} })), "by: is not a string."],
    ["a trigger without a key", ({ triggers }) => triggers.remove(wrong(undefined)), "key: is missing."],
    ["a misspelt recovery", ({ recover }) => recover(wrong({ enviroment: "a" })), "Did you mean environment?"],
    ["a misspelt time", ({ close }) => close(wrong({ timeout: 1 })), "close: timeout: is not an option."],
    ["a misspelt start", async ({ start }) => start(wrong({ poll: "1s" })), "start: poll: is not an option."],
  ])("%s is refused by the method that takes it", async (_, call, message) => {
    const refusal = { code: "CONFIG_INVALID", message: expect.stringContaining(message) };
    await expect(call(setUp().source)).rejects.toMatchObject(refusal);
  });

  it("an environment in place of the options, or by a misspelt name, is not taken for all of them", async () => {
    const { source } = setUp({ environments: { production: {}, staging: {} }, triggers: [welcome] });
    const { triggers, environments, users } = source;
    for (const call of ["staging", { enviroment: "staging" }, null]) {
      const refusal = { code: "CONFIG_INVALID" };
      await expect(triggers.disable("welcome", wrong(call))).rejects.toMatchObject(refusal);
      await expect(environments.update({ identify: false }, wrong(call))).rejects.toMatchObject(refusal);
      await expect(users.delete("ada", wrong(call))).rejects.toMatchObject(refusal);
    }
    const [listed] = await triggers.list();
    expect(listed?.environments).toMatchObject({ production: { active: true }, staging: { active: true } });
  });

  it.each<[string, () => unknown, string]>([
    [
      "a misspelt option of a preview",
      () => previewSegmentPayload(track("A"), wrong({ trigger: [welcome] })),
      "trigger: is not an option. Did you mean triggers? There are: triggers, workflows, unidentified, identifyFrom, traits, users.",
    ],
    ["a preview of nothing", () => previewSegmentPayload(track("A"), wrong(undefined)), "previewSegmentPayload: takes"],
    [
      "a preview of no trigger",
      () => previewSegmentPayload(track("A"), { triggers: wrong({}) }),
      "triggers: is not a list.",
    ],
    [
      "a misspelt comparison",
      () => compareTriggers(wrong({ source: setUp().source, propsed: [] })),
      "compareTriggers: propsed: is not an option. Did you mean proposed?",
    ],
    [
      "a comparison with nothing",
      () => compareTriggers(wrong({ source: setUp().source })),
      "compareTriggers: proposed: is missing.",
    ],
    ["a comparison of nothing", () => compareTriggers(wrong({ proposed: [] })), "compareTriggers: source: is missing."],
    ["no comparison", () => compareTriggers(wrong(undefined)), "compareTriggers: takes an object"],
    ["no function", async () => functionRunner(wrong(undefined)), "functionRunner: takes a function, or functions"],
    ["a function that is none", async () => functionRunner(wrong({ a: "b" })), "functionRunner: a: is not a function."],
    [
      "a misspelt option of a function runner",
      async () => functionRunner(() => undefined, wrong({ maxRecipient: 1 })),
      "functionRunner: maxRecipient: is not an option. Did you mean maxRecipients?",
    ],
    [
      "a number in words",
      async () => functionRunner(() => undefined, wrong({ maxRecipients: "1" })),
      "functionRunner: maxRecipients: is neither a number of at least 1 nor null",
    ],
    [
      "functions by workflow for a runner",
      async () => setUp({ runner: wrong({ welcome: () => undefined }) }),
      "runner: is not a runner: it has no trigger. Give one, such as runner: functionRunner({ … }).",
    ],
    [
      "a pool for a storage",
      async () => setUp({ storage: wrong({ query: () => undefined }) }),
      "storage: is not a storage: it has no events.",
    ],
    [
      "a listener to a name that there is not",
      async () => setUp().source.on(wrong("events"), () => undefined),
      'on: name: is none of "event", "user", "run", "override", "error". Did you mean "event"?',
    ],
    [
      "a listener that is none",
      async () => setUp().source.on("event", wrong(undefined)),
      "on: listener: is not a function.",
    ],
    [
      "a payload for no environment of several",
      async () => setUp({ environments: { a: {}, b: {} } }).source.handleSegmentPayload(track("A")),
      'has: a, b. Name one, such as { environment: "a" }.',
    ],
    [
      "a text that is no path",
      async () => setUp({ triggers: [{ ...welcome, data: { text: "Hello {{properties.name}}" } }] }),
      'with {{paths}} in it { "@template": "…" }',
    ],
    ["no runners", async () => combineRunners(wrong(undefined)), "combineRunners: takes an object of options"],
    ["runners in a list", async () => combineRunners({ workflows: wrong([]) }), "combineRunners: workflows: takes an"],
    [
      "a function among runners",
      async () => combineRunners({ workflows: { a: wrong(() => undefined) } }),
      "combineRunners: workflows.a: is not a runner.",
    ],
    ["a fallback that is none", async () => combineRunners(wrong({ fallback: {} })), "fallback: is not a runner."],
    [
      "a misspelt option of a storage in memory",
      async () => memoryStorage(wrong({ maxEvent: 1 })),
      "memoryStorage: maxEvent: is not an option. Did you mean maxEvents?",
    ],
    ["a bound that is no number", async () => memoryStorage({ maxUsers: Number.NaN }), "maxUsers: is not a number."],
    [
      "no options",
      async () => memoryStorage(wrong("big")),
      "memoryStorage: takes an object of options; there are: max",
    ],
  ])("%s", async (_, call, message) => {
    const refusal = { code: expect.stringMatching(/^CONFIG_/), message: expect.stringContaining(message) };
    await expect(call()).rejects.toMatchObject(refusal);
  });
});

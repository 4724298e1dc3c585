import { defineTrigger } from "bellwire";
import { createTestSource, identify, track } from "bellwire/testing";
import { type BellwireMatchers, bellwireMatchers } from "bellwire/testing/matchers";
import { describe, expect, it } from "vitest";

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: vitest's own declaration, which this one has to repeat
  interface Matchers<T = any> extends BellwireMatchers<T> {}
}
expect.extend(bellwireMatchers);

const welcome = defineTrigger({
  key: "welcome",
  event: "Signed Up",
  workflow: "welcome",
  recipients: "properties.account.admins",
});
const signUp = track("Signed Up", { account: { admins: ["ada", "grace"] } });

describe("matchers", () => {
  it("pass on what happened", async () => {
    const { send } = createTestSource({ triggers: [welcome], users: ["ada"] });
    const result = await send(signUp);
    expect(result).toHaveTriggered("welcome");
    expect(result).toHaveTriggered("welcome", { recipients: ["ada"] });
    expect(result).not.toHaveTriggered("welcome", { recipients: ["grace"] });
    expect(result).not.toHaveSkipped("welcome");
    expect(await send(track("Signed Up", {}))).toHaveSkipped("welcome", "path_unresolved");
  });

  it("fail with the explanation: the path, the step where it ended and the nearest key", async () => {
    const { send } = createTestSource({ triggers: [welcome] });
    const result = await send(track("Signed Up", { account: { admin: ["ada"] } }));
    const failure = () => expect(result).toHaveTriggered("welcome", { recipients: ["ada"] });
    for (const part of [
      "to have run for ada",
      "path_unresolved",
      "properties.account.admins",
      "properties.account.admin",
    ]) {
      expect(failure).toThrow(part);
    }
    const wrong = await createTestSource({ triggers: [welcome], unidentified: "create" }).send(signUp);
    expect(() => expect(wrong).toHaveTriggered("welcome", { recipients: ["ada"] })).toThrow("It ran for ada, grace");
  });
});

describe("createTestSource", () => {
  it("lets time pass: a hold ends, a failed attempt is repeated", async () => {
    const { send, advance, runs, runner } = createTestSource({
      triggers: [welcome],
      users: ["ada"],
      unidentified: { hold: "15m", then: "create" },
    });
    runner.failNext(new Error("socket hang up"));
    await send(signUp);
    await advance("1h");
    expect(runs.map(({ request }) => String(request.recipients)).sort()).toEqual(["ada", "ada", "grace"]);
  });

  it("an identify releases a hold", async () => {
    const { send, runs } = createTestSource({ triggers: [welcome], unidentified: { hold: "15m", then: "skip" } });
    await send(signUp);
    await send(identify("grace"));
    expect(runs.map(({ request }) => request.recipients)).toEqual([["grace"]]);
  });
});

import { gzipSync } from "node:zlib";
import {
  BellwireError,
  createSegmentSource,
  defineTrigger,
  memoryStorage,
  runnerError,
  type SegmentSource,
} from "bellwire";
import { type ConsoleRole, type ConsoleUser, createConsole } from "bellwire/console";
import { recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";
import { script, style } from "../../src/console/client-bundle.js";

const origin = "http://console.test";

function makeSource(key = "web"): SegmentSource {
  return createSegmentSource({
    key,
    environments: {
      development: { webhookToken: "dev-token" },
      production: { webhookToken: "prod-token", sharedSecrets: ["old-secret", "new-secret"] },
    },
    storage: memoryStorage(),
    runner: recordingRunner(),
    unidentified: "create",
    triggers: [
      defineTrigger({
        key: "welcome",
        event: "Signed Up",
        workflow: "welcome",
        recipients: "userId",
        when: { path: "properties.plan", operator: "equal_to", value: "pro" },
      }),
    ],
  });
}

interface Setup {
  readonly roles?: readonly ConsoleRole[];
  readonly source?: SegmentSource;
}

function setUp({ roles = ["view", "operate", "reveal"], source = makeSource() }: Setup = {}) {
  const panel = createConsole({ source, authorize: () => ({ name: "ada", roles }) });
  const call = (path: string, init?: RequestInit) => panel.fetch(new Request(`${origin}/bellwire${path}`, init));
  return {
    source,
    panel,
    call,
    get: async (path: string) => (await call(`/api/${path}`)).json() as Promise<unknown>,
    post: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      call(`/api/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", origin, ...headers },
        body: JSON.stringify(body),
      }),
  };
}

const statusAndCode = async (response: Response) => [
  response.status,
  ((await response.json()) as { error?: { code: string } }).error?.code,
];

describe("createConsole", () => {
  it("refuses to be made without somebody who says who may come in", () => {
    const given = { source: makeSource() } as Parameters<typeof createConsole>[0];
    expect(() => createConsole(given)).toThrow(/authorize: is missing/);
  });

  it.each([
    ["no source", { sources: [] }, /source: is missing/],
    ["two sources of one key", { sources: [makeSource("web"), makeSource("web")] }, /two have one key/],
    ["both a source and sources", { source: makeSource(), sources: [makeSource()] }, /source: stands beside sources/],
    ["sources that are no list", { sources: {} }, /sources: is not a list/],
    ["a source that is none", { sources: [undefined] }, /sources\[0\]: is not a source/],
    [
      "a misspelt option",
      { source: makeSource(), basepath: "/a" },
      /basepath: is not an option. Did you mean basePath\?/,
    ],
    ["a logger that is none", { source: makeSource(), logger: () => undefined }, /logger: is not a logger/],
    ["a base path that is none", { source: makeSource(), basePath: "/a b" }, /basePath/],
    ["a base path without a slash", { source: makeSource(), basePath: "bellwire" }, /basePath/],
  ])("refuses %s", (_, options, message) => {
    const given = { authorize: () => null, ...options } as Parameters<typeof createConsole>[0];
    expect(() => createConsole(given)).toThrow(message);
    try {
      createConsole(given);
    } catch (error) {
      expect(BellwireError.is(error) && error.code).toBe("CONFIG_INVALID");
    }
  });

  it("refuses to be made without options", () => {
    expect(() => Reflect.apply(createConsole, undefined, [])).toThrow(/createConsole: takes an object of options/);
  });

  it("is small: what a browser loads is less than 40 KB, compressed", () => {
    expect(gzipSync(script).length + gzipSync(style).length).toBeLessThan(40 * 1024);
  });
});

describe("who may come in", () => {
  const asked = (authorize: () => ConsoleUser | Response | null | Promise<never>) => {
    const panel = createConsole({ source: makeSource(), authorize });
    return (path: string) => panel.fetch(new Request(`${origin}/bellwire${path}`));
  };

  it.each(["", "/web/production/events", "/assets/console.js", "/api/session", "/api/stream"])(
    "answers 401 on %s to somebody unknown, and shows nothing",
    async (path) => {
      const response = await asked(() => null)(path);
      expect(await statusAndCode(response)).toEqual([401, "unauthenticated"]);
    },
  );

  it("sends the response that authorize gives, as it is", async () => {
    const redirect = new Response(null, { status: 302, headers: { location: "/sign-in" } });
    const response = await asked(() => redirect)("/web/production/events");
    expect([response.status, response.headers.get("location")]).toEqual([302, "/sign-in"]);
  });

  it("shows nothing where authorize fails", async () => {
    const failing = asked(() => {
      throw new Error("the session store is down");
    });
    expect(await statusAndCode(await failing("/api/session"))).toEqual([500, "failed"]);
    const rejecting = asked(() => Promise.reject(new Error("down")));
    expect(await statusAndCode(await rejecting("/api/session"))).toEqual([500, "failed"]);
  });

  it("answers 403 to somebody without a role", async () => {
    const roleless = asked(() => ({ name: "eve", roles: [] }));
    expect(await statusAndCode(await roleless("/api/session"))).toEqual([403, "forbidden"]);
    const unknown = asked(() => ({ name: "eve", roles: ["admin" as ConsoleRole] }));
    expect(await statusAndCode(await unknown("/api/session"))).toEqual([403, "forbidden"]);
  });

  const writes = [
    "identify",
    "replay",
    "triggers/active",
    "triggers/preview",
    "triggers/compare",
    "triggers/save",
    "triggers/remove",
    "runs/act",
    "users/delete",
  ];
  it.each(writes)("does not let a viewer %s", async (path) => {
    const { post } = setUp({ roles: ["view", "reveal"] });
    expect(await statusAndCode(await post(path, { key: "welcome", on: false }))).toEqual([403, "forbidden"]);
  });

  it("shows what a runner said, which may name somebody, to nobody but those who may see it", async () => {
    const runner = recordingRunner();
    const source = createSegmentSource({
      storage: memoryStorage(),
      runner,
      unidentified: "create",
      triggers: [defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" })],
    });
    runner.failNext(runnerError("permanent", "no mailbox for ada@example.com"));
    await source.handleSegmentPayload(track("Signed Up", {}, { userId: "ada", messageId: "m-1" }));
    const said = async (roles: readonly ConsoleRole[]) => {
      const { get } = setUp({ source, roles });
      return JSON.stringify([await get("runs"), await get("event?messageId=m-1")]);
    };
    expect(await said(["view", "reveal"])).toContain("ada@example.com");
    const masked = await said(["view"]);
    expect(masked).toContain("The words of the runner");
    expect(masked).not.toContain("ada@example.com");
  });

  it("gives the webhook's token to nobody but operators", async () => {
    const { call } = setUp({ roles: ["view", "reveal"] });
    expect(await statusAndCode(await call("/api/sample"))).toEqual([403, "forbidden"]);
    const all = await Promise.all(["overview", "session", "triggers", "names"].map((path) => call(`/api/${path}`)));
    const text = (await Promise.all(all.map((response) => response.text()))).join();
    expect(text).not.toMatch(/dev-token|prod-token|old-secret|new-secret/);
  });
});

describe("writes", () => {
  const json = { "content-type": "application/json" };
  it.each<readonly [string, Record<string, string>, number, string | undefined]>([
    ["the console's own page", { ...json, origin }, 200, undefined],
    ["a browser that says only the site", { ...json, "sec-fetch-site": "same-origin" }, 200, undefined],
    ["another origin", { ...json, origin: "https://evil.test" }, 403, "foreign_origin"],
    ["another port", { ...json, origin: "http://console.test:8080" }, 403, "foreign_origin"],
    ["a sandboxed frame", { ...json, origin: "null" }, 403, "foreign_origin"],
    ["another site", { ...json, origin, "sec-fetch-site": "cross-site" }, 403, "foreign_origin"],
    ["another host of the same site", { ...json, origin, "sec-fetch-site": "same-site" }, 403, "foreign_origin"],
    ["somebody who does not say", json, 403, "foreign_origin"],
    ["a form", { "content-type": "application/x-www-form-urlencoded", origin }, 415, "not_json"],
    ["a form that pretends to be text", { "content-type": "text/plain", origin }, 415, "not_json"],
    ["no content type", { origin, "content-type": "" }, 415, "not_json"],
  ])("from %s", async (_, headers, status, code) => {
    const { call, source } = setUp();
    const body = JSON.stringify({ key: "welcome", on: false });
    const response = await call("/api/triggers/active?environment=production", { method: "POST", headers, body });
    expect(await statusAndCode(response)).toEqual([status, code]);
    const [trigger] = await source.triggers.list({ environment: "production" });
    expect(trigger?.environments["production"]?.active).toBe(status !== 200);
  });

  it("are not all: what another origin asks for is not read to it either", async () => {
    const { call } = setUp();
    const ask = async (headers: Record<string, string>) => (await call("/api/sample", { headers })).status;
    expect([await ask({}), await ask({ origin }), await ask({ "sec-fetch-site": "same-origin" })]).toEqual([
      200, 200, 200,
    ]);
    expect([await ask({ origin: "https://evil.test" }), await ask({ "sec-fetch-site": "same-site" })]).toEqual([
      403, 403,
    ]);
  });

  it("takes the origin that browsers see, where a proxy hides the host", async () => {
    const proxied = createConsole({
      source: makeSource(),
      authorize: () => ({ name: "ada", roles: ["view", "operate"] }),
      origin: "https://admin.example.com",
    });
    const send = (from: string) =>
      proxied.fetch(
        new Request("http://10.0.0.7:3000/bellwire/api/identify", {
          method: "POST",
          headers: { ...json, origin: from },
          body: '{"on":false}',
        }),
      );
    expect([(await send("https://admin.example.com")).status, (await send("http://10.0.0.7:3000")).status]).toEqual([
      200, 403,
    ]);
  });

  it.each([
    ["no JSON", "{", 400],
    ["no object", "[]", 400],
    ["a missing field", "{}", 400],
    ["too much", JSON.stringify({ key: "x".repeat(600_000) }), 413],
  ])("refuses %s", async (_, body, status) => {
    const { call } = setUp();
    const response = await call("/api/triggers/active", { method: "POST", headers: { ...json, origin }, body });
    expect(response.status).toBe(status);
  });

  it("carry the name of who made them", async () => {
    const { post, source } = setUp();
    await post("triggers/active?environment=production", { key: "welcome", on: false });
    await post("identify?environment=production", { on: false });
    const [trigger] = await source.triggers.list({ environment: "production" });
    expect(trigger?.environments["production"]).toMatchObject({ active: false, changedBy: "ada" });
    expect(await source.environments.get({ environment: "production" })).toMatchObject({
      identify: false,
      changedBy: "ada",
    });
  });

  it("of what there is not are refused in words", async () => {
    const { post, call } = setUp();
    const response = await post("triggers/active", { key: "welcom", on: true });
    expect(await statusAndCode(response)).toEqual([404, "CONFIG_TRIGGER_UNKNOWN"]);
    expect((await call("/api/events?environment=staging")).status).toBe(404);
    expect((await call("/api/nothing")).status).toBe(404);
    expect((await call("/assets/other.js")).status).toBe(404);
    expect((await call("/api/events?status=great")).status).toBe(400);
    expect((await call("/api/events?from=yesterday")).status).toBe(400);
  });
});

describe("pages", () => {
  it("admit no script but their own", async () => {
    const { call } = setUp();
    const page = await call("/web/production/events");
    const policy = page.headers.get("content-security-policy") ?? "";
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? "none";
    expect(policy).not.toContain("unsafe");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    const html = await page.text();
    expect(html.match(/<script[^>]*>/g)).toEqual([expect.stringContaining(`nonce="${nonce}"`)]);
    expect(html).not.toMatch(/<script[^>]*>[^<]|<style|style=|onload=/);
    expect((await (await call("")).text()).includes(nonce)).toBe(false);
  });

  it("load their script and style from memory, compressed where that is understood, and for good", async () => {
    const { call } = setUp();
    const html = await (await call("")).text();
    for (const [, path] of html.matchAll(/(?:src|href)="\/bellwire([^"]+)"/g)) {
      const plain = await call(path ?? "");
      const small = await call(path ?? "", { headers: { "accept-encoding": "br, gzip" } });
      expect([plain.status, plain.headers.get("content-encoding")]).toEqual([200, null]);
      expect([small.status, small.headers.get("content-encoding")]).toEqual([200, "gzip"]);
      expect(plain.headers.get("cache-control")).toContain("immutable");
    }
  });

  it("can be mounted at the root", async () => {
    const panel = createConsole({
      source: makeSource(),
      basePath: "/",
      authorize: () => ({ name: "ada", roles: ["view"] }),
    });
    const session = await panel.fetch(new Request(`${origin}/api/session`));
    expect([session.status, (await panel.fetch(new Request(`${origin}/web/production/events`))).status]).toEqual([
      200, 200,
    ]);
  });
});

describe("personal data", () => {
  const event = {
    ...track("Signed Up", { plan: "free", email: "ada@example.com", age: 36, pro: false, tags: ["vip"] }),
    messageId: "m-1",
    userId: "ada@example.com",
    context: { ip: "203.0.113.7" },
  };

  it("is masked for who may not see it, wherever it turns up", async () => {
    const { get, call, source } = setUp({ roles: ["view", "operate"] });
    const environment = "production";
    await source.handleSegmentPayload(event, { environment });
    const view = await get("event?id=m-1&environment=production");
    expect(view).toMatchObject({
      payload: {
        event: "Signed Up",
        userId: "••••••",
        properties: { plan: "••••••", age: "••••••", pro: false, tags: ["••••••"] },
      },
    });
    const paths = ["event?id=m-1", "events", "tail?after=1", "triggers", "names"];
    for (const path of paths) {
      const text = await (await call(`/api/${path}${path.includes("?") ? "&" : "?"}environment=production`)).text();
      expect(text, path).not.toMatch(/ada@example|203\.0|vip|"free"|is \\"free/);
    }
  });

  it("is masked in what a trigger that is being written would do, and in what a replay would", async () => {
    const { post, source } = setUp({ roles: ["view", "operate"] });
    await source.handleSegmentPayload(event, { environment: "production" });
    const definition = { key: "k", event: "Signed Up", workflow: "w", recipients: "userId", actor: "properties.email" };
    const previewed = await post("triggers/preview?environment=production", { definition });
    const compared = await post("triggers/compare?environment=production", { definition, replaces: null });
    const replayed = await post("replay?environment=production", { messageId: "m-1", dryRun: true });
    for (const response of [previewed, compared, replayed]) {
      expect(response.status).toBe(200);
      expect(await response.text()).not.toMatch(/ada@example|203\.0|vip|"free"/);
    }
  });

  it("keeps what the trigger itself asked for, and hides only what the event answered", async () => {
    const { get, source } = setUp({ roles: ["view"] });
    await source.handleSegmentPayload(event, { environment: "production" });
    expect(await get("event?id=m-1&environment=production")).toMatchObject({
      outcome: {
        triggers: [
          {
            reason: "condition_false",
            detail: { facts: { conditions: [{ path: "properties.plan", expected: "pro", actual: "••••••" }] } },
          },
        ],
      },
    });
  });

  it("is masked of users and in runs, and an address can not be asked for by who may not see it", async () => {
    const { get, call, source } = setUp({ roles: ["view"] });
    const environment = "production";
    await source.users.identify(
      { id: "ada", email: "ada@example.com", properties: { city: "London" } },
      { environment },
    );
    await source.users.identify({ id: "grace@example.com", name: "Grace" }, { environment });
    const paid = track("Signed Up", { plan: "pro", city: "London" }, { userId: "ada", messageId: "m-2" });
    await source.handleSegmentPayload(paid, { environment });
    expect(await get("users?environment=production")).toMatchObject({
      users: [
        { id: "ada", email: "••••••", name: null, properties: { city: "••••••" } },
        { id: "••••••", name: "••••••" },
      ],
    });
    expect(await get("users?environment=production&search=ada@example.com")).toEqual({ users: [], nextCursor: null });
    expect(await get("user?environment=production&id=ada")).toMatchObject({
      history: expect.arrayContaining([expect.objectContaining({ path: "email", value: "••••••" })]),
    });
    for (const path of ["users", "user?id=ada", "runs", "audit", "event?id=m-2"]) {
      const text = await (await call(`/api/${path}${path.includes("?") ? "&" : "?"}environment=production`)).text();
      expect(text, path).not.toMatch(/@example|London|Grace/);
    }
  });

  it("is shown to who may see it", async () => {
    const { get, source } = setUp();
    await source.handleSegmentPayload(event, { environment: "production" });
    expect(await get("event?id=m-1&environment=production")).toMatchObject({
      payload: event,
      row: { userId: "ada@example.com" },
    });
  });
});

describe("what people change", () => {
  it("can be read with who did it, newest first", async () => {
    const { post, get, source } = setUp();
    const environment = "production";
    const place = "environment=production";
    const definition = { key: "paid", event: "Paid", workflow: "receipt", recipients: "userId" };
    await source.handleSegmentPayload(track("Paid", {}, { userId: "ada", messageId: "m-1" }), { environment });
    for (const [path, body] of [
      ["triggers/save", { definition }],
      ["triggers/active", { key: "paid", on: false }],
      ["identify", { on: false }],
      ["replay", { messageId: "m-1", dryRun: false }],
      ["triggers/remove", { key: "paid" }],
      ["users/delete", { id: "ada" }],
    ] as const) {
      expect([path, (await post(`${path}?${place}`, body)).status]).toEqual([path, 200]);
    }
    const { entries } = (await get(`audit?${place}`)) as { entries: { action: string; by: string }[] };
    expect(entries.map(({ action, by }) => `${action} by ${by}`)).toEqual([
      "user_deleted by ada",
      "trigger_removed by ada",
      "events_replayed by ada",
      "identify_disabled by ada",
      "trigger_disabled by ada",
      "trigger_saved by ada",
    ]);
    expect(JSON.stringify(entries[0])).not.toContain('"ada-');
  });

  it("is shown of a stored trigger, and that another version's takes no part", async () => {
    const storage = memoryStorage();
    const source = createSegmentSource({
      environments: { production: { webhookToken: "t" } },
      storage,
      runner: recordingRunner(),
    });
    const definition = JSON.stringify({ key: "later", event: { type: "quux" }, workflow: 7 });
    const stored = { key: "later", definition, savedBy: "grace", savedAt: new Date() };
    await storage.triggers.save({ source: source.key, trigger: stored });
    const { get } = setUp({ source });
    expect(await get("triggers")).toMatchObject([{ key: "later", origin: "stored", savedBy: "grace", workflow: "" }]);
    expect(await get("triggers")).toMatchObject([{ problem: expect.any(String) }]);
    expect(await get("names")).toEqual([]);
  });

  it("says in words what a users table of the host's own can not do", async () => {
    const memory = memoryStorage();
    const { update, find, known, merge, delete: remove } = memory.users;
    const storage = { ...memory, users: { update, find, known, merge, delete: remove } };
    const source = createSegmentSource({ storage, runner: recordingRunner() });
    await source.users.identify({ id: "ada" });
    const { call, get } = setUp({ source });
    expect(await statusAndCode(await call("/api/users"))).toEqual([501, "STORAGE_UNSUPPORTED"]);
    expect(await get("user?id=ada")).toMatchObject({ id: "ada", history: null });
  });
});

describe("a trigger that is being written", () => {
  it("is shown what it would make of the last events of its name, without anything being sent", async () => {
    const { post, source } = setUp();
    const environment = "production";
    await source.users.identify({ id: "grace" }, { environment });
    const comment = (title: string, to: readonly string[]) =>
      track("Comment Created", { title, to }, { userId: "linus", messageId: title });
    await source.handleSegmentPayload([comment("first", ["grace", "nobody"]), comment("second", [])], { environment });
    const definition = {
      key: "comment",
      event: "Comment Created",
      workflow: "comment",
      recipients: "properties.to",
      actor: "userId",
      data: { title: "properties.title" },
      unidentified: "skip",
    };
    const response = await post("triggers/preview?environment=production", { definition });
    expect(await response.json()).toMatchObject({
      problem: null,
      rows: [
        { messageId: "second", status: "skipped", reason: "no_recipients", data: null },
        {
          messageId: "first",
          status: "pending",
          recipients: [
            { recipient: "grace", status: "pending" },
            { recipient: "nobody", status: "skipped", reason: "not_identified" },
          ],
          actor: "linus",
          data: { title: "first" },
        },
      ],
    });
    expect((await source.events.list({ environment })).items.flatMap(({ record }) => record.runs)).toEqual([]);
  });

  it.each([
    ["a path that does not parse", { recipients: "properties..a..b" }, /recipients/],
    ["a missing workflow", { workflow: "" }, /workflow/],
    ["an unknown field", { recipient: "userId" }, /recipient/],
    ["an unknown operator", { when: { path: "type", operator: "equals", value: 1 } }, /operator/],
  ])("is told of %s in words", async (_, wrong, message) => {
    const { post } = setUp();
    const definition = { key: "k", event: "Signed Up", workflow: "w", recipients: "userId", ...wrong };
    const answer = (await (await post("triggers/preview", { definition })).json()) as { problem: { message: string } };
    expect(answer.problem.message).toMatch(message);
    expect((await post("triggers/save", { definition })).status).toBe(400);
  });

  it("is compared with what it replaces", async () => {
    const { post, source } = setUp();
    const environment = "production";
    const signUp = (id: string, plan: string) => track("Signed Up", { plan }, { userId: id, messageId: id });
    await source.handleSegmentPayload([signUp("ada", "pro"), signUp("grace", "free")], { environment });
    const definition = { key: "welcome", event: "Signed Up", workflow: "hello", recipients: "userId" };
    const response = await post("triggers/compare?environment=production", { definition, replaces: "welcome" });
    expect(await response.json()).toEqual({
      events: 2,
      changed: 2,
      differences: [
        { messageId: "grace", added: ["grace"], removed: [], fields: [] },
        { messageId: "ada", added: [], removed: [], fields: ["workflow"] },
      ],
    });
  });
});

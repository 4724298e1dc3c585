import { readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import type { CliIo } from "../../src/cli/cli-io.js";
import { runCli } from "../../src/cli/program.js";
import { createProgress } from "../../src/cli/progress.js";

const project = fileURLToPath(new URL("./project", import.meta.url));

/** Runs a command as the process would, in this one. */
async function run(argv: readonly string[], overrides: Partial<CliIo> = {}) {
  let out = "";
  let err = "";
  const code = await runCli(argv, {
    write: (text) => {
      out += text;
    },
    writeError: (text) => {
      err += text;
    },
    isWatched: false,
    color: false,
    cwd: project,
    env: {},
    version: "1.2.3",
    readInput: async () => readFileSync(join(project, "event.json"), "utf8"),
    signal: new AbortController().signal,
    ...overrides,
  });
  return { code, out, err };
}

describe("a command answers, and its exit code says how it went", () => {
  it.each<[string, number, RegExp]>([
    ["--help", 0, /Commands:/],
    ["--version", 0, /^1\.2\.3\n$/],
    ["preview event.json", 0, /pending {2}welcome → welcome/],
    ["preview -", 0, /pending {2}welcome → welcome/],
    ["preview event.json --triggers proposed.js --users boss --json", 0, /"trigger": "welcome"/],
    ["explain m-user-1", 0, /run bw_\w+ .*1 attempt[\s\S]*received 20\d\d-/],
    ["explain m-user-1 --json", 0, /"outcome": \{/],
    ["events", 0, /ignored|processed {4}Signed Up +m-user-1 +welcome: triggered/],
    ["events --status in_progress", 0, /m-grace +welcome: runner_retryable/],
    ["events --from 1h --to 2100-01-01 --limit 3 --json", 0, /"record"/],
    ["events --names", 0, /13 +track +Signed Up/],
    ["events --names --json", 0, /"count": 13/],
    ["events --infer", 0, /defineEvent\(\n {2}"Signed Up"/],
    ["compare --proposed proposed.js", 0, /welcome {2}13 events {2}\+13 -12[\s\S]*13 of 26 events/],
    ["compare --proposed proposed.js --current proposed.js --fail-on-difference --json", 0, /"differences": \[\]/],
    ["compare --proposed proposed.js --fail-on-difference --max 5", 1, /of 5 events/],
    ["replay", 0, /12 {2}welcome: pending[\s\S]*1 {2}welcome: skipped \(not_identified\)[\s\S]*Nothing was sent/],
    ["replay m-user-1 --yes --replay-id r --trigger welcome --rate 1000 --batch-size 2", 0, /1 events were replayed/],
    ["replay m-user-1 gone --json", 0, /"notFound": 1/],
    ["replay gone lost", 1, /0 events would be replayed\.\nOf 2 that were named no event is kept/],
    ["replay --mode unfinished --json", 0, /"replayed": 1/],
    ["replay --mode unfinished --yes", 0, /1 {2}welcome: pending \(runner_retryable\)/],
  ])("%s", async (line, code, shown) => {
    const ended = await run(line.split(" "));
    expect(ended).toMatchObject({ code, out: expect.stringMatching(shown) });
  });

  it.each<[string, number, RegExp]>([
    ["", 2, /Usage/],
    ["bogus", 2, /unknown command/],
    ["explain gone --environment default", 1, /No event gone is kept in default/],
    ["explain m-1 --environment staging", 2, /CONFIG_ENVIRONMENT_UNKNOWN/],
    ["explain m-1 --config gone.js", 2, /There is no .*gone.js/],
    ["events --config throwing.js", 3, /throwing\.js can not be loaded: DATABASE_URL is not set/],
    ["explain m-1 --config proposed.js", 2, /exports no source/],
    ["compare --proposed bellwire.config.js", 2, /exports no triggers/],
    ["replay --yes", 2, /--replay-id ID/],
    ["replay --mode twice", 2, /there are again and unfinished/],
    ["replay --trigger welcom", 2, /CONFIG_TRIGGER_UNKNOWN/],
    ["events --from yesterday", 2, /is not a time/],
    ["events --status odd", 2, /there are processed/],
    ["events --limit none", 2, /Not a number above 0/],
    ["preview gone.json", 2, /can not be read/],
    ["preview proposed.js", 2, /is no JSON/],
    ["send event.json --url nowhere", 2, /is not a URL/],
    ["send event.json --url http://127.0.0.1:9 --header none", 2, /has no name/],
    ["send event.json --url http://127.0.0.1:9", 3, /could not be reached/],
  ])("%s is told off", async (line, code, said) => {
    expect(await run(line.split(" ").filter(Boolean))).toMatchObject({ code, err: expect.stringMatching(said) });
  });

  it("a payload that is no event, or one that fails, is a bad answer", async () => {
    const readInput = async () => '{"type":"trak"}';
    expect(await run(["preview", "-"], { readInput })).toMatchObject({
      code: 1,
      out: expect.stringContaining("type_unknown"),
    });
  });

  it("a replay that is stopped says how to go on", async () => {
    const signal = AbortSignal.abort();
    const again = await run(["replay", "--yes", "--replay-id", "fix-1"], { signal });
    expect(again).toMatchObject({ code: 130, err: expect.stringContaining("Start it again with --replay-id fix-1") });
    expect((await run(["events"], { signal })).code).toBe(130);
  });

  it("without a config the commands that need one say so", async () => {
    const cwd = join(project, "..");
    expect(await run(["events"], { cwd })).toMatchObject({ code: 2, err: expect.stringContaining("--config FILE") });
    const alone = await run(["preview", "project/event.json", "--triggers", "project/proposed.js"], { cwd });
    expect(alone).toMatchObject({ code: 0, out: expect.stringContaining("path_unresolved") });
  });

  describe("events --infer FILE", () => {
    const path = join(project, "inferred.ts");
    afterEach(() => rmSync(path, { force: true }));
    it("writes a file, and never over one", async () => {
      expect(await run(["events", "--infer", "inferred.ts"])).toMatchObject({
        code: 0,
        out: "",
        err: `Written to ${path}\n`,
      });
      expect(readFileSync(path, "utf8")).toContain("boss: z.string()");
      expect(await run(["events", "--infer", "inferred.ts"])).toMatchObject({
        code: 2,
        err: expect.stringContaining("Name a file that is not there yet"),
      });
    });
  });

  it("send signs by the secret of the environment, and shows the answer", async () => {
    let header: unknown;
    const server = createServer((request, response) => {
      header = request.headers["x-signature"];
      response.writeHead(503).end("busy");
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    const sent = await run(["send", "event.json", "--url", url], { env: { BELLWIRE_SECRET: "s" } });
    expect(sent).toMatchObject({ code: 1, out: expect.stringMatching(/^503 Service Unavailable {2}\d+ ms\nbusy\n$/) });
    expect(header).toMatch(/^[0-9a-f]{40}$/);
    expect((await run(["send", "event.json", "--url", url, "--json"])).out).toContain('"body": "busy"');
    expect(header).toBeUndefined();
    server.close();
  });
});

describe("progress", () => {
  const draw = (isWatched: boolean, steps: readonly (readonly [number, number, number | null])[]) => {
    let err = "";
    let time = 0;
    const io = {
      isWatched,
      writeError: (text: string) => {
        err += text;
      },
    } as CliIo;
    const progress = createProgress(io, "compare", false, () => time);
    for (const [at, done, total] of steps) {
      time = at;
      progress.update(done, total);
    }
    progress.end();
    return err;
  };

  it("is a bar that is drawn over where somebody watches", () => {
    const [empty, first, last, after] = draw(true, [
      [1_000, 250, 1_000],
      [1_010, 260, 1_000],
      [4_000, 1_000, 1_000],
    ]).split("\r\u001b[2K");
    expect(empty).toBe("");
    expect(first).toBe(`compare  ${"█".repeat(8)}${"░".repeat(22)}  25 %  250/1000  250/s  3 s left`);
    expect(last).toBe(`compare  ${"█".repeat(30)}  100 %  1000/1000  250/s  0 s left`);
    expect(after).toBe("");
  });

  it("is a line every few seconds where nobody does", () => {
    const lines = draw(false, [
      [1_000, 10, null],
      [6_000, 60, null],
      [7_000, 70, null],
      [20_000, 100, 100_000],
    ]);
    expect(lines.split("\n")).toEqual([
      "compare  60 events  10/s",
      expect.stringMatching(/0 % {2}100\/100000 {2}5\/s {2}333 min left/),
      "",
    ]);
  });
});

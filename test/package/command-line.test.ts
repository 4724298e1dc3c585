import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Packed, packAndInstall, root } from "../support/packed.js";

const exec = promisify(execFile);
const trigger = `{ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" }`;
const config = (types: boolean) => `
import { createSegmentSource, defineTrigger, functionRunner${types ? ", type SegmentSourceOptions" : ""} } from "bellwire";
import { sqliteStorage } from "bellwire/sqlite";
import Database from "libsql";
import { appendFileSync } from "node:fs";

const database = new Database(new URL("./bellwire.db", import.meta.url).pathname);
const storage = sqliteStorage({ database });
await storage.migrate();
const options${types ? ": SegmentSourceOptions" : ""} = {
  storage,
  runner: functionRunner((run) => appendFileSync(new URL("./sent.log", import.meta.url), run.recipients.join() + "\\n")),
  triggers: [defineTrigger(${trigger})],
};
export default createSegmentSource(options);
export const close = () => database.close();
`;
const event = { type: "track", event: "Signed Up", userId: "ada", messageId: "m-1", properties: { boss: "grace" } };

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe("npx bellwire, of the packed library", () => {
  let packed: Packed;
  let project: string;
  beforeAll(async () => {
    packed = await packAndInstall();
    project = packed.project;
    for (const name of ["libsql", "@libsql", "@neon-rs", "detect-libc"]) {
      symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name));
    }
    writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(join(project, "bellwire.config.js"), config(false));
    writeFileSync(
      join(project, "event.json"),
      JSON.stringify([{ type: "identify", userId: "ada", messageId: "i-1" }, event]),
    );
    writeFileSync(
      join(project, "proposed.js"),
      `export const changed = { ...${trigger}, recipients: "properties.boss", unidentified: "create" };`,
    );
    await exec(
      process.execPath,
      [
        "--input-type=module",
        "-e",
        `import source, { close } from "./bellwire.config.js"; import { readFileSync } from "node:fs";
       await source.handleSegmentPayload(readFileSync("event.json")); close();`,
      ],
      { cwd: project },
    );
  });
  afterAll(() => rmSync(dirname(packed.tarball), { recursive: true, force: true }));

  const bin = () => join(project, "node_modules", "bellwire", "dist", "cli.cjs");
  const bellwire = (argv: readonly string[], { cwd = project, env = {} } = {}): Promise<Ended> =>
    exec(process.execPath, [bin(), ...argv], { cwd, env: { ...process.env, ...env } }).then(
      ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({
        code: error.code,
        out: error.stdout,
        err: error.stderr,
      }),
    );

  it("is what npx finds", async () => {
    const { bin: named, version } = JSON.parse(
      (await exec("cat", [join(project, "node_modules/bellwire/package.json")])).stdout,
    );
    expect(named).toEqual({ bellwire: "./dist/cli.cjs" });
    expect((await exec(bin(), ["--help"])).stdout).toContain("preview [options] <file>");
    expect((await exec(bin(), ["--version"])).stdout).toBe(`${version}\n`);
  });

  it("explains, lists, previews and compares", async () => {
    const explained = await bellwire(["explain", "m-1"]);
    expect(explained).toMatchObject({ code: 0, out: expect.stringContaining('recipients  userId → "ada"') });
    expect(await bellwire(["explain", "gone"])).toMatchObject({ code: 1, err: "No event gone is kept.\n" });
    expect((await bellwire(["events"])).out).toMatch(/processed {2}Signed Up +m-1 +welcome: triggered/);
    expect((await bellwire(["events", "--names"])).out).toMatch(/^1 +track +Signed Up/m);
    expect((await bellwire(["events", "--infer"])).out).toContain("boss: z.string()");
    const preview = await bellwire(["preview", "event.json", "--json"]);
    expect(JSON.parse(preview.out).events[1].triggers[0].status).toBe("pending");
    const compared = await bellwire(["compare", "--proposed", "proposed.js", "--fail-on-difference"]);
    expect(compared.code).toBe(1);
    expect(compared.out).toContain("    + grace");
    expect(compared.out).toContain("1 of 2 events would notify somebody else.");
  });

  it("replays only when it is told to, and once", async () => {
    const dry = await bellwire(["replay", "--name", "Signed Up"]);
    expect(dry).toMatchObject({
      code: 0,
      out: expect.stringContaining("Nothing was sent. Add --yes --replay-id ID to send."),
    });
    const sent = async () => (await exec("cat", [join(project, "sent.log")])).stdout.trim().split("\n");
    expect(await sent()).toEqual(["ada"]);
    const replay = ["replay", "--name", "Signed Up", "--yes", "--replay-id", "fix-1", "--json"];
    expect(JSON.parse((await bellwire(replay)).out)).toMatchObject({
      replayed: 1,
      triggers: { "welcome: triggered": 1 },
    });
    expect(JSON.parse((await bellwire(replay)).out)).toMatchObject({ replayed: 0, duplicates: 1 });
    expect(await sent()).toEqual(["ada", "ada"]);
  });

  it("ends with a code and a sentence when it is used wrongly", async () => {
    for (const [argv, said] of [
      [["bogus"], "unknown command"],
      [["replay", "--yes"], "--replay-id ID"],
      [["replay", "--mode", "twice"], "there are again and unfinished"],
      [["events", "--from", "yesterday"], "is not a time"],
      [["events", "--status", "odd"], "there are processed"],
      [["events", "--limit", "0"], "Not a number above 0"],
      [["compare"], "--proposed"],
      [["compare", "--proposed", "gone.js"], "There is no"],
      [["preview", "gone.json"], "can not be read"],
      [["preview", "bellwire.config.js"], "is no JSON"],
      [["explain", "m-1", "--config", "proposed.js"], "exports no source"],
      [["explain", "m-1", "--environment", "staging"], "CONFIG_ENVIRONMENT_UNKNOWN"],
    ] as const) {
      expect(await bellwire(argv)).toMatchObject({ code: 2, err: expect.stringContaining(said) });
    }
  });

  it("loads a config in TypeScript by the project's own tsx, and says what to install where there is nothing", async () => {
    writeFileSync(join(project, "typed.config.ts"), config(true));
    const explain = ["explain", "m-1", "--config", "typed.config.ts"];
    const explained = { code: 0, out: expect.stringContaining("welcome → welcome"), err: "" };
    const strips = Boolean(Reflect.get(process.features, "typescript"));
    if (!strips)
      expect(await bellwire(explain)).toMatchObject({
        code: 2,
        err: expect.stringContaining("npm install --save-dev tsx"),
      });
    symlinkSync(join(root, "node_modules", "tsx"), join(project, "node_modules", "tsx"));
    expect(await bellwire(explain)).toEqual(explained);
    rmSync(join(project, "node_modules", "tsx"));
    symlinkSync(join(root, "node_modules", "jiti"), join(project, "node_modules", "jiti"));
    expect(await bellwire(explain)).toEqual(explained);
  });

  it("needs no config to preview by triggers of a module", async () => {
    const folder = join(project, "elsewhere");
    mkdirSync(folder);
    const preview = ["preview", "../event.json", "--triggers", "../proposed.js", "--users", "grace"];
    expect(await bellwire(preview, { cwd: folder })).toMatchObject({
      code: 0,
      out: expect.stringContaining("grace  pending"),
    });
    expect(await bellwire(["explain", "m-1"], { cwd: folder })).toMatchObject({
      code: 2,
      err: expect.stringContaining("--config FILE"),
    });
  });

  it("sends what it signs", async () => {
    const received: { headers: unknown; body: string }[] = [];
    const server = createServer(async (request, response) => {
      let body = "";
      for await (const part of request) body += String(part);
      received.push({ headers: request.headers, body });
      response.writeHead(request.url === "/no" ? 401 : 200).end(`{"success":${request.url !== "/no"}}`);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const env = { BELLWIRE_SECRET: "secret" };
    const sent = await bellwire(["send", "event.json", "--url", url, "--header", "x-team: core", "--json"], { env });
    expect([sent.code, JSON.parse(sent.out).body]).toEqual([0, { success: true }]);
    const { signSegmentPayload } = await import("bellwire/testing");
    const [request] = received;
    const signature = signSegmentPayload(request?.body ?? "", "secret");
    expect(request?.headers).toMatchObject({ "x-signature": signature, "x-team": "core" });
    expect((await bellwire(["send", "event.json", "--url", `${url}/no`])).code).toBe(1);
    server.close();
    expect(await bellwire(["send", "event.json", "--url", url])).toMatchObject({
      code: 3,
      err: expect.stringContaining("could not be reached"),
    });
    expect((await bellwire(["send", "event.json", "--url", "nowhere"])).code).toBe(2);
  });

  it("stops at SIGINT, says how to go on, and goes on", async () => {
    const events = Array.from({ length: 40 }, (_, index) => ({ ...event, event: "Slow", messageId: `slow-${index}` }));
    writeFileSync(join(project, "slow.json"), JSON.stringify(events));
    writeFileSync(join(project, "slow.config.js"), config(false).replace('"Signed Up"', '"Slow"'));
    await exec(
      process.execPath,
      [
        "--input-type=module",
        "-e",
        `import source from "./bellwire.config.js"; import { readFileSync } from "node:fs"; await source.handleSegmentPayload(readFileSync("slow.json"));`,
      ],
      { cwd: project },
    );
    const argv = ["replay", "--config", "slow.config.js", "--name", "Slow", "--yes", "--replay-id", "slow-1"];
    const child = spawn(process.execPath, [bin(), ...argv, "--rate", "20"], { cwd: project });
    let err = "";
    child.stderr.on("data", (part) => (err += String(part)));
    const slow = async () => (await exec("cat", [join(project, "sent.log")])).stdout.trim().split("\n").length - 2;
    await expect.poll(slow, { timeout: 10_000 }).toBeGreaterThan(0);
    child.kill("SIGINT");
    const [code] = await once(child, "exit");
    expect([code, err]).toEqual([
      130,
      expect.stringMatching(/Stopped after \d+ events. Start it again with --replay-id slow-1/),
    ]);
    expect(await slow()).toBeLessThan(40);
    const rest = await bellwire([...argv, "--json"]);
    expect(JSON.parse(rest.out).duplicates).toBeGreaterThan(0);
    expect(await slow()).toBe(40);
  });
});

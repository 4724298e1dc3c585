import { execFile, spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../support/free-port.js";
import { linkEverything, type Packed, packAndInstall } from "../support/packed.js";
import { readme } from "../support/readme.js";

const files = new Map(
  [...readme.matchAll(/<!-- file: (\S+) -->\n```js\n([\s\S]*?)```/g)].map(([, name, code]) => [name, code]),
);
const [, printed = ""] = /why it was sent:\n\n```text\n([\s\S]*?)```/.exec(readme) ?? [];
const [, curl = ""] = /<!-- command: server\.mjs -->\n```bash\n([\s\S]*?)```/.exec(readme) ?? [];

describe("the README's five minutes, in a project that has the packed library", () => {
  let packed: Packed;
  beforeAll(async () => {
    packed = await packAndInstall();
    linkEverything(packed.project);
    for (const [name = "", code = ""] of files) writeFileSync(join(packed.project, name), code);
  });
  afterAll(() => rmSync(dirname(packed.tarball), { recursive: true, force: true }));

  it("end in a notification, and the second delivery in a duplicate", async () => {
    const port = String(await freePort());
    writeFileSync(join(packed.project, "server.mjs"), (files.get("server.mjs") ?? "").replace("3000", port));
    const server = spawn(process.execPath, ["server.mjs"], { cwd: packed.project });
    let output = "";
    for (const stream of [server.stdout, server.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const says = (text: string | RegExp) => expect.poll(() => output, { timeout: 20_000 }).toMatch(text);
    await says("listening");
    for (let delivery = 0; delivery < 2; delivery += 1)
      await promisify(execFile)("bash", ["-c", curl.replace("3000", port).replace("curl", "curl --silent --fail")]);
    await says(/duplicate/);
    const steady = (text: string) => text.replaceAll(/\d+ ms/g, "… ms");
    expect(steady(output)).toContain(steady(printed));
    expect(output.match(/send a welcome/g)).toHaveLength(1);
    server.kill("SIGKILL");
  });

  it("are the same in CommonJS", async () => {
    await promisify(execFile)(process.execPath, ["server.cjs"], { cwd: packed.project });
  });
});

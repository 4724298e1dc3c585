import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.js";

/** Whether the machine has a Redis; tests that need one are skipped by name where it has none, and CI installs it. */
export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;

export interface RunningRedis {
  readonly port: number;
  /** Killed, and started again on the same data after `pauseMs`. */
  readonly restart: (pauseMs: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A real Redis of its own on a free port, which keeps what it acknowledged. */
export async function startRedis(): Promise<RunningRedis> {
  const folder = mkdtempSync(join(tmpdir(), "bellwire-redis-"));
  const port = await freePort();
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
  const start = async () => {
    const child = spawn("redis-server", [...options, "--appendonly", "yes", "--appendfsync", "always"], {
      stdio: "ignore",
    });
    await listening(port);
    return child;
  };
  let child = await start();
  return {
    port,
    restart: async (pauseMs) => {
      await kill(child);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      child = await start();
    },
    stop: async () => {
      await kill(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function kill(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("redis-server did not come up");
}

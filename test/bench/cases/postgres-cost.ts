import { readdirSync, readFileSync } from "node:fs";
import type pg from "pg";
import { createBareTable, elapsedUs, freshEvents, inParallel, startDurable, toBatch } from "../durable-contestants.js";
import type { Bench, BenchCase } from "../measure.js";
import { startDatabase } from "./postgres.js";

type Work = () => Promise<unknown>;

/** What the page on sizing is computed from: processor time, which is what runs out first and what nobody else adds to. */
export async function postgresCost(): Promise<Bench> {
  const { openPool, storage, close } = await startDatabase();
  const pool = openPool();
  const serverCpuUs = await readServerCpu(pool);
  const bare = await createBareTable(pool);
  const handle = await startDurable(storage);
  const counted = 2_000;
  /** The server's part is told apart from the process's, in a row of its own, and belongs to the round before it. */
  const split = (name: string, role: BenchCase["role"], prepare: () => Work): readonly BenchCase[] => {
    let serverUs = 0;
    const client = async () => {
      const work = prepare();
      return async () => {
        const before = { client: process.cpuUsage(), server: serverCpuUs() };
        await work();
        const { user, system } = process.cpuUsage(before.client);
        serverUs = serverCpuUs() - before.server;
        return user + system;
      };
    };
    return [
      { name: `${name}, process`, role, prepare: client },
      { name: `${name}, PostgreSQL`, role: "peer", prepare: async () => () => serverUs },
    ];
  };
  const wall = (name: string, width: number, count: number): BenchCase => ({
    name,
    role: "peer",
    prepare: async () => {
      const events = freshEvents(count);
      return async () =>
        ((await elapsedUs(() => inParallel(width, events, ({ text }) => handle(text, 1)))) * counted) / count;
    },
  });
  const batches = () => {
    const payloads = [1, 2].map(() => toBatch(freshEvents(1_000)));
    return () => inParallel(1, payloads, (payload) => handle(payload, 1_000));
  };
  return {
    title: "PostgreSQL: processor time of one event with 3 recipients, and how long it takes",
    operations: counted,
    cases: [
      ...split("an INSERT each", "floor", () => {
        const events = freshEvents(counted);
        return () => inParallel(64, events, bare.insertOne);
      }),
      ...split("singles", "us", () => {
        const events = freshEvents(counted);
        return () => inParallel(64, events, ({ text }) => handle(text, 1));
      }),
      ...split("batches", "us", batches),
      wall("one at a time, elapsed", 1, 100),
      wall("64 at a time, elapsed", 64, counted),
    ],
    rounds: 9,
    close,
  };
}

/** Of all processes of the server; Linux tells in ticks of ten milliseconds. */
async function readServerCpu(pool: pg.Pool): Promise<() => number> {
  const { rows } = await pool.query("SELECT pg_backend_pid() AS pid");
  const postmaster = statOf(String(rows[0].pid))[3];
  // What a process used that has ended by now stays used.
  const ticks = new Map<string, number>();
  return () => {
    for (const pid of readdirSync("/proc")) {
      if (!/^\d+$/.test(pid)) continue;
      const stat = statOf(pid);
      if (stat[3] === postmaster) ticks.set(pid, Number(stat[13]) + Number(stat[14]));
    }
    return [...ticks.values()].reduce((sum, each) => sum + each, 0) * 10_000;
  };
}

/** Fields as in proc(5), counted from 0; the name of the program, which may hold spaces, is one. */
function statOf(pid: string): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = text.lastIndexOf(")");
    return [pid, text.slice(text.indexOf("("), end + 1), ...text.slice(end + 2).split(" ")];
  } catch {
    // It ended meanwhile.
    return [];
  }
}

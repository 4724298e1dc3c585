import { type ChildProcess, fork } from "node:child_process";
import { Agent, request } from "node:http";
import { fileURLToPath } from "node:url";
import { type SignedBody, sign, trackEvent } from "../events.js";
import type { Bench, BenchCase } from "../measure.js";

export type Framework = "express" | "koa" | "fastify" | "hono";

const serverFile = fileURLToPath(new URL("../http-server.ts", import.meta.url));
const requests = 3_000;
const connections = 16;
let nextId = 0;

/** Requests a second against a server in a process of its own, as microseconds a request. */
function serving(framework: Framework, name: string, role: BenchCase["role"]): BenchCase {
  let started: Promise<{ readonly child: ChildProcess; readonly port: number }> | undefined;
  return {
    name,
    role,
    prepare: async () => {
      started ??= start([framework, role]);
      const { port } = await started;
      const bodies = Array.from({ length: requests }, () => sign(trackEvent(nextId++)));
      const agent = new Agent({ keepAlive: true, maxSockets: connections });
      return async () => {
        const start = performance.now();
        let next = 0;
        const lane = async () => {
          for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) await post(port, agent, body);
        };
        await Promise.all(Array.from({ length: connections }, lane));
        agent.destroy();
        return (performance.now() - start) * 1_000;
      };
    },
  };
}

function start(args: string[]): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = fork(serverFile, args, { execArgv: ["--import", "tsx"] });
  process.once("exit", () => child.kill());
  return new Promise((resolve, reject) => {
    child.once("message", (port: number) => resolve({ child, port }));
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

function post(port: number, agent: Agent, { bytes, signature }: SignedBody): Promise<void> {
  const headers = { "content-type": "application/json", "content-length": bytes.byteLength, "x-signature": signature };
  return new Promise((resolve, reject) => {
    const sent = request(
      { port, agent, host: "127.0.0.1", method: "POST", path: "/production/token", headers },
      (response) => {
        if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`));
        response.resume().once("end", () => resolve());
      },
    );
    sent.once("error", reject);
    sent.end(bytes);
  });
}

export const http = (framework: Framework): Bench => ({
  title: `a request of one signed track event to ${framework}, 16 connections, memory storage, 4 triggers`,
  operations: requests,
  cases: [
    serving(framework, `${framework}, HMAC and JSON.parse`, "floor"),
    serving(framework, "bellwire", "us"),
    serving(framework, "the least by hand", "peer"),
  ],
  // Three quarters of the requests a second.
  goals: { floors: 1 / 0.75 },
});

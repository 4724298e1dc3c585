import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { mutate } from "./support/mutate.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const mutant = process.env["MUTANT"];
const src = (file: string) => `${root}src/${file}`;

export default defineConfig({
  root,
  plugins: mutant === undefined ? [] : [mutate(mutant)],
  resolve: {
    alias: [
      { find: /^bellwire\/(express|koa|fastify|fetch)$/, replacement: src("adapters/http/$1.ts") },
      { find: /^bellwire\/(console)$/, replacement: src("console/$1.ts") },
      { find: /^bellwire\/(postgres|sqlite)$/, replacement: src("adapters/storage/$1.ts") },
      {
        find: /^bellwire\/(knock|novu|courier|inngest|bullmq|http-runner)$/,
        replacement: src("adapters/runners/$1.ts"),
      },
      { find: /^bellwire\/(opentelemetry)$/, replacement: src("adapters/telemetry/$1.ts") },
      { find: /^bellwire\/testing\/matchers$/, replacement: src("testing/matchers.ts") },
      { find: /^bellwire\/testing$/, replacement: src("testing/testing.ts") },
      { find: /^bellwire$/, replacement: src("index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    globalSetup: `${root}test/support/bundle-console.ts`,
    // One more than by default on two cores: much of what a worker does is to wait for servers, browsers and killed processes.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    // A PostgreSQL starts in a second, unless the machine is busy.
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    // What is concurrent waits for clients that retry; it does not compute.
    maxConcurrency: 40,
    silent: "passed-only",
    coverage: {
      provider: "v8",
      include: ["src/**"],
      // It runs in a browser, where its tests look at what it draws.
      exclude: ["src/console/client/**", "src/console/client-bundle.*"],
      reporter: ["text-summary"],
      thresholds: {
        lines: 90,
        branches: 90,
        "src/{segment,mapping,recipients,users}/**": { lines: 100, branches: 100 },
      },
    },
  },
});

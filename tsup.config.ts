import { readFileSync } from "node:fs";
import { defineConfig, type Options } from "tsup";
import { bundleConsoleClient } from "./.build/console-client.js";
import { lightEntry, lightModules } from "./.build/light-modules.js";

await bundleConsoleClient();

const entry = {
  index: "src/index.ts",
  express: "src/adapters/http/express.ts",
  koa: "src/adapters/http/koa.ts",
  fastify: "src/adapters/http/fastify.ts",
  fetch: "src/adapters/http/fetch.ts",
  console: "src/console/console.ts",
  postgres: "src/adapters/storage/postgres.ts",
  sqlite: "src/adapters/storage/sqlite.ts",
  knock: "src/adapters/runners/knock.ts",
  novu: "src/adapters/runners/novu.ts",
  courier: "src/adapters/runners/courier.ts",
  inngest: "src/adapters/runners/inngest.ts",
  bullmq: "src/adapters/runners/bullmq.ts",
  "http-runner": "src/adapters/runners/http-runner.ts",
  opentelemetry: "src/adapters/telemetry/opentelemetry.ts",
  testing: "src/testing/testing.ts",
  "testing/matchers": "src/testing/matchers.ts",
};

const library: Options = {
  entry: { ...entry, ...lightEntry },
  esbuildPlugins: [lightModules()],
  format: ["esm", "cjs"],
  target: "node20",
  // Both builds run at the same time; each leaves the other's files alone.
  clean: ["!cli.cjs"],
  // Without it every CommonJS subpath would carry its own copy of the shared code.
  splitting: true,
  // Deno and edge runtimes know node's modules by that prefix only.
  removeNodeProtocol: false,
  // Imports of chunks for nothing but their effects, of which there are none, make every bundler of a user warn.
  treeshake: { moduleSideEffects: false },
  dts: { entry, compilerOptions: { ignoreDeprecations: "6.0" } },
};

/** `npx bellwire`. CommonJS, because what is bundled into it is. */
const commandLine: Options = {
  entry: { cli: "src/cli/main.ts" },
  format: ["cjs"],
  target: "node20",
  clean: false,
  minify: true,
  // Nobody has to install what only the command line needs.
  noExternal: ["commander"],
  // That it is CommonJS is otherwise nowhere to be seen in it, while a text that it writes begins with "import".
  footer: {
    js: `module.exports = {};\n/*! Contains commander.\n${readFileSync("node_modules/commander/LICENSE", "utf8")}*/`,
  },
};

export default defineConfig([library, commandLine]);

import type { Bench } from "./measure.js";

/** Everything that is measured, by the name that `--only` takes. */
export const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  "signed-track": async () => (await import("./cases/signed-track.js")).signedTrack,
  "signed-batch": async () => (await import("./cases/signed-track.js")).signedBatch,
  "many-triggers": async () => (await import("./cases/triggers.js")).manyTriggers,
  "hundred-matching": async () => (await import("./cases/triggers.js")).hundredMatching,
  "ten-thousand-recipients": async () => (await import("./cases/recipients.js")).tenThousandRecipients,
  mapping: async () => (await import("./cases/mapping.js")).mapping,
  "mapping-parsed": async () => (await import("./cases/mapping.js")).mappingParsed,
  "http-express": async () => (await import("./cases/http.js")).http("express"),
  "http-koa": async () => (await import("./cases/http.js")).http("koa"),
  "http-fastify": async () => (await import("./cases/http.js")).http("fastify"),
  "http-hono": async () => (await import("./cases/http.js")).http("hono"),
  memory: async () => (await import("./cases/memory.js")).memory,
  import: async () => (await import("./cases/import-cost.js")).importCost,
};

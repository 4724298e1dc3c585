import type { Bench } from "./measure.js";

/** Everything that is measured, by the name that `--only` takes. */
export const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  "signed-track": async () => (await import("./cases/signed-track.js")).signedTrack(),
  "signed-batch": async () => (await import("./cases/signed-track.js")).signedBatch(),
  "many-triggers": async () => (await import("./cases/triggers.js")).manyTriggers(),
  "hundred-matching": async () => (await import("./cases/triggers.js")).hundredMatching(),
  "ten-thousand-recipients": async () => (await import("./cases/recipients.js")).tenThousandRecipients(),
  mapping: async () => (await import("./cases/mapping.js")).mapping,
  "mapping-parsed": async () => (await import("./cases/mapping.js")).mappingParsed,
  "http-express": async () => (await import("./cases/http.js")).http("express"),
  "http-koa": async () => (await import("./cases/http.js")).http("koa"),
  "http-fastify": async () => (await import("./cases/http.js")).http("fastify"),
  "http-hono": async () => (await import("./cases/http.js")).http("hono"),
  "postgres-batch": async () => (await import("./cases/postgres.js")).postgresBatch(),
  "postgres-singles": async () => (await import("./cases/postgres.js")).postgresSingles("inline"),
  "postgres-background": async () => (await import("./cases/postgres.js")).postgresSingles("background"),
  "postgres-one-at-a-time": async () => (await import("./cases/postgres.js")).postgresOneAtATime(),
  "postgres-large-payload": async () => (await import("./cases/postgres.js")).postgresLargePayload(),
  "postgres-large-payload-blocks": async () => (await import("./cases/postgres.js")).postgresLargePayloadBlocks(),
  "postgres-cost": async () => (await import("./cases/postgres-cost.js")).postgresCost(),
  "sqlite-batch": async () => (await import("./cases/sqlite.js")).sqlite("batch"),
  "sqlite-singles": async () => (await import("./cases/sqlite.js")).sqlite("singles"),
  memory: async () => (await import("./cases/memory.js")).memory,
  import: async () => (await import("./cases/import-cost.js")).importCost,
};

import { runStatuses } from "../storage/run-store.js";
import { type Call, type Endpoints, limitOf, oneOf, optional, textOf, textsOf } from "./call.js";
import type { RunPage } from "./protocol.js";
import { ConsoleRefusal } from "./refusal.js";
import { toRunView } from "./views.js";

export const runEndpoints: Endpoints = {
  "GET runs": { role: "view", handle: listRuns },
  "POST runs/act": { role: "operate", handle: actOnRuns },
};

async function listRuns({ source, environment, query, reveal, signal }: Call): Promise<RunPage> {
  const { items, nextCursor } = await source.runs.list({
    environment,
    status: oneOf(query, "status", runStatuses),
    limit: limitOf(query, 100, 500),
    cursor: optional(query, "cursor"),
    signal,
  });
  return { runs: items.map((run) => toRunView(run, reveal)), nextCursor };
}

async function actOnRuns({ source, environment, input, user, signal }: Call): Promise<{ readonly changed: number }> {
  const keys = textsOf(input["keys"], "keys");
  const action = textOf(input["action"], "action");
  const change = { environment, by: user.name, signal };
  if (action === "retry") return { changed: await source.runs.retry(keys, change) };
  if (action === "release") return { changed: await source.runs.release(keys, change) };
  if (action === "drop") return { changed: await source.runs.drop(keys, change) };
  throw new ConsoleRefusal(400, "bad_request", "action is none of retry, release, drop.");
}

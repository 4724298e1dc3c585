import type { ClaimedRun } from "../storage/run-store.js";
import type { RunRequest } from "./run-request.js";

/** A claimed run on its way to the runner. */
export interface RunTask extends ClaimedRun {
  /** What it was frozen to, where that is at hand, which spares reading the text. */
  readonly request?: RunRequest | null;
}

export function requestOf({ request, run }: RunTask): RunRequest {
  return request ?? JSON.parse(run.request);
}

import { eventReasons } from "../core/reasons.js";
import { anything, date, type OptionChecks, oneOf, text } from "../mapping/option-checks.js";
import { eventStatuses } from "../outcome/outcome.js";
import type { ListEventsOptions } from "./segment-source.js";

/** Of the options by which stored events are chosen: to pass over a misspelt one would be to choose them all. */
export const eventFilterChecks: OptionChecks<Omit<ListEventsOptions, "limit" | "cursor">> = {
  environment: text,
  type: text,
  name: text,
  status: oneOf(...eventStatuses.filter((status) => status !== "duplicate")),
  reason: oneOf(...eventReasons),
  userId: text,
  receivedFrom: date,
  receivedTo: date,
  search: text,
  signal: anything,
};

import { eventFields } from "../segment/event-fields.js";

/** A path of one step that leads nowhere, and is no field of Segment's, is most likely a text that was meant as it stands. */
export function literalHint(path: string): string {
  if (/[.$[\]]/.test(path) || eventFields.includes(path)) return "";
  return `; for the text itself write { "@literal": ${JSON.stringify(path)} }`;
}

import { defineTrigger } from "../../dist/index.js";

/** Whoever invited somebody is told, where there is one; nobody else is any more. */
export default [
  defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "properties.invitedBy" }),
];

import { defineTrigger } from "bellwire";

const changed = {
  key: "welcome",
  event: "Signed Up",
  workflow: "welcome",
  recipients: "properties.boss",
  unidentified: "create",
};
export const triggers = [defineTrigger(changed)];

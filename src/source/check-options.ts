import { configInvalid } from "../core/errors.js";
import { isJsonObject } from "../core/json.js";
import {
  anything,
  checkOptions,
  flag,
  group,
  list,
  listOf,
  logger,
  number,
  type OptionCheck,
  type OptionChecks,
  oneOf,
  requireOptions,
  text,
} from "../mapping/option-checks.js";
import type { SegmentLimits } from "../segment/limits.js";
import { isStandardSchema } from "../triggers/standard-schema.js";
import { findUnidentifiedProblem } from "../triggers/trigger-shape.js";
import type { MappedAttribute } from "../users/identity.js";
import { redact } from "./redacted-fields.js";
import type { EnvironmentOptions, SegmentSourceOptions } from "./source-options.js";

const environmentOptions: OptionChecks<EnvironmentOptions> = {
  webhookToken: anything,
  sharedSecrets: list,
  header: group({ name: anything, value: anything }),
  writeKeys: list,
  authentication: oneOf("none"),
  identify: flag,
};

const limits: OptionChecks<SegmentLimits> = {
  maxBytes: number,
  maxEvents: number,
  maxEventBytes: number,
  maxDepth: number,
  maxKeys: number,
};

const traits: OptionChecks<Record<MappedAttribute, string>> = {
  email: text,
  phoneNumber: text,
  avatar: text,
  name: text,
  locale: text,
  timezone: text,
  createdAt: text,
};

const unidentified: OptionCheck = (value, name) => {
  const problem = findUnidentifiedProblem(value);
  if (problem !== null) throw configInvalid(`${name}: ${problem}`);
};

const environments: OptionCheck = (value) => {
  if (!isJsonObject(value)) {
    throw configInvalid(
      'environments: is not an object of environments by name, such as { production: { webhookToken: "…" } }.',
    );
  }
  for (const [name, environment] of Object.entries(value)) {
    const at = `environments.${name}`;
    if (!isJsonObject(environment)) {
      throw configInvalid(`${at}: is not an object of options, such as { webhookToken: "…" }.`);
    }
    checkOptions(environment, environmentOptions, { at: `${at}.` });
  }
};

const workflow: OptionCheck = (value, name) => {
  if (isJsonObject(value) && typeof value["name"] === "string" && isStandardSchema(value["schema"])) return;
  throw configInvalid(`${name}: is not a workflow. Make it with defineWorkflow("name", schema).`);
};

const identifyFrom: OptionCheck = (value, name) => {
  if (typeof value !== "string") group({ userId: text, traits: text })(value, name);
};

const sourceOptions: OptionChecks<SegmentSourceOptions> = {
  key: text,
  environments,
  storage: anything,
  runner: anything,
  triggers: list,
  workflows: listOf(workflow),
  unidentified,
  dispatch: oneOf("inline", "background"),
  redact,
  recordPayload: oneOf("full", "none"),
  retention: group({ payloads: anything, events: anything }),
  deadline: anything,
  runTimeout: anything,
  storageTimeout: anything,
  lease: anything,
  concurrency: anything,
  maxPayloads: anything,
  maxAttempts: anything,
  overridesTtl: anything,
  limits: group(limits),
  logger,
  clock: anything,
  identifyFrom,
  traits: group(traits),
};

/** What can be told of a source's options without their meaning. @throws `CONFIG_INVALID`, `CONFIG_PATH_INVALID` */
export function checkSourceOptions(options: unknown): void {
  requireOptions(options, "createSegmentSource", "{ storage, runner, triggers: [] }");
  checkOptions(options, sourceOptions);
}

import { checkOptions, flag, type OptionChecks, requireOptions } from "../mapping/option-checks.js";
import { openCall } from "./check-call.js";
import type { OverrideView } from "./overrides.js";
import type { ResolvedOptions } from "./resolve-options.js";
import type { EnvironmentSettings, SegmentSourceEnvironments } from "./segment-source.js";
import { audit } from "./source-audit.js";
import type { SourceContext } from "./source-context.js";

type Settings = Parameters<SegmentSourceEnvironments["update"]>[0];

const settingsChecks: OptionChecks<Settings> = { identify: flag };

export function createSourceEnvironments(context: SourceContext): SegmentSourceEnvironments {
  const { options, overrides, emitter } = context;
  const get = async (environment: string): Promise<EnvironmentSettings> => {
    const view = await overrides.current();
    const override = view.environment(environment);
    return {
      environment,
      identify: isIdentifyEnabled(options, view, environment),
      changedBy: override?.changedBy ?? null,
      changedAt: override?.changedAt ?? null,
    };
  };
  return {
    names: [...options.environments.keys()],
    async get(inEnvironment = {}) {
      return get(openCall(options, "environments.get", { call: inEnvironment }));
    },
    async update(settings, change = {}) {
      checkSettings(settings);
      const { identify } = settings;
      const environment = openCall(options, "environments.update", { call: change });
      const changedBy = change.by ?? null;
      await overrides.setEnvironment({ environment, identify, changedBy, changedAt: new Date(options.clock.now()) });
      emitter.emit("override", { source: options.key, environment, trigger: null, by: changedBy });
      const action = identify ? "identify_enabled" : "identify_disabled";
      await audit(context, { action, subject: null, environments: [environment], by: changedBy });
      return get(environment);
    },
    credentials: (environment) => options.environments.get(environment) ?? null,
  };
}

export function isIdentifyEnabled(options: ResolvedOptions, view: OverrideView, environment: string): boolean {
  return view.environment(environment)?.identify ?? options.environments.get(environment)?.identify ?? true;
}

function checkSettings(settings: unknown): void {
  requireOptions(settings, "environments.update", "{ identify: false }");
  checkOptions(settings, settingsChecks, { at: "environments.update: ", thing: "a setting" });
  flag(Reflect.get(settings, "identify"), "environments.update: identify");
}

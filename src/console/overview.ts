import { createHash, randomBytes } from "node:crypto";
import { eventReasons } from "../core/reasons.js";
import { signSegmentPayload } from "../segment/signature.js";
import type { SegmentSource } from "../source/segment-source.js";
import type { EnvironmentCredentials } from "../source/source-options.js";
import { operators } from "../triggers/trigger-definition.js";
import { type Call, type ConsoleContext, type Endpoints, flagOf } from "./call.js";
import { type CredentialView, type EnvironmentView, mask, type SampleView, type SessionView } from "./protocol.js";
import { toEventRow } from "./views.js";

const dayMs = 24 * 60 * 60 * 1_000;
const buckets = 48;

export function createOverviewEndpoints(context: ConsoleContext): Endpoints {
  return {
    "GET session": { role: "view", handle: ({ user }) => toSession(user, context) },
    "GET overview": { role: "view", handle: (call) => overview(call, context) },
    "GET sample": { role: "operate", handle: (call) => toSample(call, context) },
    "POST identify": { role: "operate", handle: switchIdentify },
  };
}

function toSession({ name, roles }: Call["user"], { sources }: ConsoleContext): SessionView {
  const list = [...sources.values()].map(({ key, environments }) => ({ key, environments: environments.names }));
  return { user: name, roles, sources: list, reasons: eventReasons, operators };
}

function overview({ reveal, signal }: Call, context: ConsoleContext): Promise<readonly EnvironmentView[]> {
  const places = [...context.sources.values()].flatMap((source) =>
    source.environments.names.map((environment) => ({ source, environment })),
  );
  return Promise.all(places.map((place) => toEnvironment(place, reveal, signal, context)));
}

interface Place {
  readonly source: SegmentSource;
  readonly environment: string;
}

async function toEnvironment(
  { source, environment }: Place,
  reveal: boolean,
  signal: AbortSignal,
  context: ConsoleContext,
): Promise<EnvironmentView> {
  const to = new Date();
  const from = new Date(to.getTime() - dayMs);
  const [settings, latest, timeline] = await Promise.all([
    source.environments.get({ environment, signal }),
    source.events.list({ environment, limit: 1, signal }),
    source.events.timeline({ environment, from, to, buckets, signal }),
  ]);
  const credentials = source.environments.credentials(environment) ?? {};
  const [last] = latest.items;
  return {
    source: source.key,
    environment,
    webhookUrl: webhookUrl(context, source, environment, credentials.webhookToken === undefined ? null : mask),
    credentials: fingerprints(credentials),
    identify: {
      on: settings.identify,
      changedBy: settings.changedBy,
      changedAt: settings.changedAt?.toISOString() ?? null,
    },
    lastEvent: last === undefined ? null : toEventRow(last, reveal),
    timeline: timeline.map(({ startsAt, count, failed }) => ({ startsAt: startsAt.toISOString(), count, failed })),
  };
}

function webhookUrl(
  { options }: ConsoleContext,
  source: SegmentSource,
  environment: string,
  token: string | null,
): string {
  const place = { source: source.key, environment };
  const url = options.webhookUrl?.(place) ?? `/webhooks/segment/${encodeURIComponent(environment)}`;
  return token === null ? url : `${url.replace(/\/$/, "")}/${token === mask ? token : encodeURIComponent(token)}`;
}

function fingerprints(credentials: EnvironmentCredentials): readonly CredentialView[] {
  const { webhookToken, sharedSecrets = [], header, writeKeys = [], authentication } = credentials;
  const present = (kind: string, values: readonly (string | undefined)[]) =>
    values.filter((value) => value !== undefined).map((value) => ({ kind, fingerprint: fingerprint(value) }));
  const found = [
    ...present("token in the URL", [webhookToken]),
    ...present("shared secret", sharedSecrets),
    ...(header === undefined ? [] : present(`header ${header.name}`, [header.value])),
    ...present("write key", writeKeys),
  ];
  if (found.length > 0) return found;
  return [{ kind: authentication === "none" ? "open to anyone" : "none: nobody may post", fingerprint: null }];
}

/** Short on purpose: it tells two secrets apart, and is no use to whoever would check guesses against it. */
function fingerprint(secret: string): string {
  return createHash("sha256").update(`bellwire:${secret}`).digest("hex").slice(0, 6);
}

/** A first event that is let in: signed, and with the credentials of the environment. */
function toSample({ source, environment, query }: Call, context: ConsoleContext): SampleView {
  const credentials = source.environments.credentials(environment) ?? {};
  const body = JSON.stringify({
    type: "track",
    event: query.get("name") || "Comment Created",
    messageId: `hello-${randomBytes(6).toString("hex")}`,
    userId: "linus",
    properties: { title: "Looks good!", commenter: { id: "linus" }, mentioned: [{ id: "ada" }, "grace"] },
  });
  const { webhookToken, sharedSecrets = [], header, writeKeys = [] } = credentials;
  const secret = sharedSecrets.find((one) => one !== undefined);
  const onlyKeys = webhookToken === undefined && secret === undefined && header === undefined;
  const key = onlyKeys ? writeKeys.find((one) => one !== undefined) : undefined;
  return {
    url: webhookUrl(context, source, environment, webhookToken ?? null),
    headers: {
      "content-type": "application/json",
      ...(header?.value !== undefined && { [header.name]: header.value }),
      ...(secret !== undefined && { "x-signature": signSegmentPayload(body, secret) }),
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
    body,
  };
}

async function switchIdentify({ source, environment, input, user, signal }: Call): Promise<{ readonly ok: true }> {
  const identify = flagOf(input["on"], "on");
  await source.environments.update({ identify }, { environment, by: user.name, signal });
  return { ok: true };
}

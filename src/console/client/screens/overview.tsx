import { useEffect } from "preact/hooks";
import type { EnvironmentView, SampleView } from "../../protocol.js";
import { get, type Place, post } from "../api.js";
import { useApp } from "../app-context.js";
import { count, plural } from "../format.js";
import { pathTo } from "../location.js";
import { ChangedBy, CopyButton, Link, Loading, Problem, Status, Switch, Time } from "../ui/basics.js";
import { Sparkline } from "../ui/sparkline.js";
import { useAction } from "../use-action.js";
import { useQuery } from "../use-query.js";
import { absolute } from "./first-event.js";

const refreshMs = 15_000;

/** The sources with their environments: where Segment posts to, what lets it in, and how they fare. */
export function OverviewScreen() {
  const { place } = useApp();
  const { data, error, reload } = useQuery("overview", (signal) =>
    get<readonly EnvironmentView[]>(place, "overview", {}, signal),
  );
  useEffect(() => {
    const timer = setInterval(() => document.hidden || reload(), refreshMs);
    return () => clearInterval(timer);
  }, [reload]);
  const sources = [...new Set(data?.map(({ source }) => source))];
  return (
    <div class="page">
      <header class="bar">
        <h1>Overview</h1>
      </header>
      {error !== null && <Problem error={error} retry={reload} />}
      {data === null && error === null && <Loading />}
      {sources.map((source) => (
        <section key={source} aria-label={`Source ${source}`}>
          <h2 class="group">
            <span class="muted">source</span> {source}
          </h2>
          <div class="cards">
            {data
              ?.filter((one) => one.source === source)
              .map((one) => (
                <EnvironmentCard key={one.environment} view={one} onChange={reload} />
              ))}
          </div>
        </section>
      ))}
    </div>
  );
}

function EnvironmentCard({ view, onChange }: { readonly view: EnvironmentView; readonly onChange: () => void }) {
  const { can } = useApp();
  const here: Place = { source: view.source, environment: view.environment };
  const url = absolute(view.webhookUrl);
  return (
    <article class="card">
      <header>
        <h3>
          <Link href={pathTo(here, "events")}>{view.environment}</Link>
        </h3>
        {view.lastEvent === null ? (
          <span class="muted">no event yet</span>
        ) : (
          <span class="muted">
            last event <Time at={view.lastEvent.receivedAt} relative />
          </span>
        )}
      </header>
      <Health view={view} here={here} />
      <dl class="pairs">
        <div>
          <dt>Webhook</dt>
          <dd class="url">
            <code title={url}>{url}</code>
            {can("operate") ? (
              <CopyButton
                what="the webhook URL with its token"
                text={async () => absolute((await get<SampleView>(here, "sample")).url)}
              />
            ) : (
              <CopyButton what="the webhook URL" text={url} />
            )}
          </dd>
        </div>
        <div>
          <dt>Credentials</dt>
          <dd>
            {view.credentials.map(({ kind, fingerprint }) => (
              <span key={`${kind}${fingerprint}`} class="credential">
                {kind} {fingerprint !== null && <code title="Fingerprint of the secret">{fingerprint}</code>}
              </span>
            ))}
          </dd>
        </div>
        <div>
          <dt>Identify</dt>
          <dd>
            <IdentifySwitch place={here} value={view.identify} onChange={onChange} />
          </dd>
        </div>
      </dl>
    </article>
  );
}

function Health({ view, here }: { readonly view: EnvironmentView; readonly here: Place }) {
  const total = view.timeline.reduce((sum, bucket) => sum + bucket.count, 0);
  const failed = view.timeline.reduce((sum, bucket) => sum + bucket.failed, 0);
  const lastHour = view.timeline.slice(-2).reduce((sum, bucket) => sum + bucket.count, 0);
  return (
    <div class="health">
      <Sparkline
        buckets={view.timeline}
        hrefOf={({ startsAt }, index) =>
          pathTo(here, "events", { range: "custom", from: startsAt, to: view.timeline[index + 1]?.startsAt })
        }
      />
      <p>
        <b>{count(total)}</b> <span class="muted">in 24 h</span>
      </p>
      <p>
        <b>{count(lastHour)}</b> <span class="muted">in the last hour</span>
      </p>
      <p>
        {failed === 0 ? (
          <span class="muted">none failed</span>
        ) : (
          <Link href={pathTo(here, "events", { status: "failed", range: "24h" })}>{plural(failed, "failure")}</Link>
        )}
      </p>
      {view.lastEvent !== null && (
        <p class="last">
          <Status value={view.lastEvent.status} quiet />{" "}
          <Link href={pathTo(here, "events", { event: view.lastEvent.messageId })}>
            {view.lastEvent.name ?? view.lastEvent.type ?? "not an event"}
          </Link>
        </p>
      )}
    </div>
  );
}

interface IdentifyProps {
  readonly place: Place;
  readonly value: EnvironmentView["identify"];
  readonly onChange: () => void;
}

export function IdentifySwitch({ place, value, onChange }: IdentifyProps) {
  const { busy, run } = useAction();
  const change = (on: boolean) =>
    run(async () => {
      await post(place, "identify", { on });
      onChange();
      return `Identify is ${on ? "on" : "off"} in ${place.environment}`;
    });
  return (
    <span class="switched">
      <Switch on={value.on} busy={busy} label={`Identify users in ${place.environment}`} onChange={change} />
      {value.on ? "creates and updates users" : "switched off"}
      {value.changedAt !== null && <ChangedBy by={value.changedBy} at={value.changedAt} />}
    </span>
  );
}

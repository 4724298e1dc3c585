import type { EnvironmentView, NameView } from "../../protocol.js";
import { get } from "../api.js";
import { useApp } from "../app-context.js";
import { count } from "../format.js";
import { pathTo } from "../location.js";
import { Link, Loading, Problem, Time } from "../ui/basics.js";
import { type Column, Table } from "../ui/table.js";
import { useQuery } from "../use-query.js";
import { FirstEvent } from "./first-event.js";
import { IdentifySwitch } from "./overview.js";

/** What is received here, by name, and which triggers listen to it. */
export function NamesScreen() {
  const { place, can } = useApp();
  const here = JSON.stringify(place);
  const names = useQuery(here, (signal) => get<readonly NameView[]>(place, "names", {}, signal));
  const settings = useQuery(here, (signal) => get<readonly EnvironmentView[]>(place, "overview", {}, signal));
  const own = settings.data?.find((one) => one.source === place.source && one.environment === place.environment);
  const columns: readonly Column<NameView>[] = [
    {
      title: "Event",
      cell: ({ name, type }) => (
        <span>
          <Link href={pathTo(place, "events", { type, name })}>{name ?? type}</Link>
          {type !== "track" && name !== null && <span class="tag">{type}</span>}
        </span>
      ),
    },
    { title: "Count", numeric: true, cell: (one) => count(one.count) },
    { title: "Last seen", cell: ({ lastSeenAt }) => <Time at={lastSeenAt} relative /> },
    { title: "First seen", cell: ({ firstSeenAt }) => <Time at={firstSeenAt} relative /> },
    {
      title: "Triggers",
      cell: ({ type, name, triggers }) => (
        <span>
          {triggers.map(({ key, active }) => (
            <Link
              key={key}
              class={`chip ${active ? "good" : "calm"}`}
              href={pathTo(place, "triggers", { trigger: key })}
            >
              {key}
              {!active && <span class="muted"> inactive</span>}
            </Link>
          ))}
          {type === "identify" && own !== undefined && (
            <IdentifySwitch place={place} value={own.identify} onChange={settings.reload} />
          )}
          {triggers.length === 0 && type !== "identify" && can("operate") && (
            <Link class="quiet-link" href={pathTo(place, "triggers", { new: "event", type, name })}>
              Create a trigger
            </Link>
          )}
        </span>
      ),
    },
  ];
  return (
    <div class="page">
      <header class="bar">
        <h1>Event names</h1>
      </header>
      {names.error !== null && <Problem error={names.error} retry={names.reload} />}
      {names.data === null && names.error === null && <Loading />}
      {names.data?.length === 0 && <FirstEvent />}
      {names.data !== null && names.data.length > 0 && (
        <Table label="Event names" columns={columns} items={names.data} keyOf={({ type, name }) => `${type} ${name}`} />
      )}
    </div>
  );
}

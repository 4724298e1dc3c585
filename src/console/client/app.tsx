import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ConsoleRole, SessionView } from "../protocol.js";
import { get, type Place } from "./api.js";
import { AppContext, type AppState } from "./app-context.js";
import { type Location, navigate, pathTo, type Screen, screens, useLocation } from "./location.js";
import { AuditScreen } from "./screens/audit.js";
import { EventLogScreen } from "./screens/event-log.js";
import { NamesScreen } from "./screens/names.js";
import { OverviewScreen } from "./screens/overview.js";
import { RunsScreen } from "./screens/runs.js";
import { TriggersScreen } from "./screens/triggers.js";
import { UsersScreen } from "./screens/users.js";
import { Shortcuts } from "./shortcuts.js";
import { applyTheme, nextTheme, readTheme } from "./theme.js";
import { Link, Problem } from "./ui/basics.js";
import { Icon, type IconName } from "./ui/icon.js";
import { useKeys } from "./use-keys.js";
import { useQuery } from "./use-query.js";

const views: Readonly<
  Record<Screen, { readonly title: string; readonly icon: IconName; readonly view: () => preact.JSX.Element }>
> = {
  overview: { title: "Overview", icon: "overview", view: OverviewScreen },
  events: { title: "Events", icon: "events", view: EventLogScreen },
  names: { title: "Event names", icon: "names", view: NamesScreen },
  triggers: { title: "Triggers", icon: "triggers", view: TriggersScreen },
  runs: { title: "Runs", icon: "runs", view: RunsScreen },
  users: { title: "Users", icon: "users", view: UsersScreen },
  audit: { title: "Audit", icon: "audit", view: AuditScreen },
};

export function App() {
  const location = useLocation();
  const session = useQuery("session", (signal) => get<SessionView>(null, "session", {}, signal));
  if (session.error !== null) return <Refused error={session.error} retry={session.reload} />;
  if (session.data === null) return <p class="off-screen">Loading</p>;
  const place = placeOf(session.data, location.place);
  return (
    <Frame key={`${place.source}/${place.environment}`} session={session.data} place={place} location={location} />
  );
}

/** The place in the address where there is such a one, or the first of all. */
function placeOf({ sources }: SessionView, wanted: Place | null): Place {
  const source = sources.find(({ key }) => key === wanted?.source) ?? sources[0];
  const environment = source?.environments.find((name) => name === wanted?.environment) ?? source?.environments[0];
  return { source: source?.key ?? "", environment: environment ?? "" };
}

function Refused({ error, retry }: { readonly error: Error; readonly retry: () => void }) {
  return (
    <main class="refused">
      <h1>
        <Icon name="bell" size={22} /> Bellwire
      </h1>
      <Problem error={error} retry={retry} />
    </main>
  );
}

interface Toast {
  readonly message: string;
  readonly kind: "done" | "failed";
}

interface FrameProps {
  readonly session: SessionView;
  readonly place: Place;
  readonly location: Location;
}

function Frame({ session, place, location }: FrameProps) {
  const [toast, setToast] = useState<Toast | null>(null);
  const [helping, setHelping] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const notify = useCallback((message: string, kind: Toast["kind"] = "done") => {
    clearTimeout(timer.current);
    setToast({ message, kind });
    timer.current = setTimeout(() => setToast(null), kind === "done" ? 2_500 : 7_000);
  }, []);
  const app = useMemo<AppState>(
    () => ({ session, place, location, notify, can: (role: ConsoleRole) => session.roles.includes(role) }),
    [session, place.source, place.environment, location, notify],
  );
  useKeys({ "?": () => setHelping(true) });
  const { title, view: View } = views[location.screen];
  useEffect(() => {
    document.title = `${title} · ${place.source} ${place.environment} · Bellwire`;
  }, [title, place.source, place.environment]);
  return (
    <AppContext.Provider value={app}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Sidebar onHelp={() => setHelping(true)} app={app} />
      <main id="main" tabIndex={-1}>
        <View />
      </main>
      <div class="toasts" role="status" aria-live="polite">
        {toast !== null && <p class={`toast ${toast.kind}`}>{toast.message}</p>}
      </div>
      {helping && <Shortcuts onClose={() => setHelping(false)} />}
    </AppContext.Provider>
  );
}

function Sidebar({ app, onHelp }: { readonly app: AppState; readonly onHelp: () => void }) {
  const { session, place, location } = app;
  const places = session.sources.flatMap(({ key, environments }) =>
    environments.map((environment) => ({ source: key, environment })),
  );
  const go = (index: number) => {
    const next = places[index];
    if (next !== undefined) navigate(pathTo(next, location.screen));
  };
  const strip = useRef<HTMLElement>(null);
  // On a narrow screen the strip scrolls, and the current screen is to be in sight.
  useEffect(() => {
    const current = strip.current?.querySelector<HTMLElement>(`[data-screen="${location.screen}"]`);
    if (strip.current !== null && current) strip.current.scrollLeft = current.offsetLeft - 60;
  }, [location.screen]);
  const here = places.findIndex((one) => one.source === place.source && one.environment === place.environment);
  return (
    <header class="sidebar">
      <p class="brand">
        <span aria-hidden="true">
          <Icon name="bell" size={15} />
        </span>
        Bellwire
      </p>
      <select
        class="place"
        aria-label="Source and environment"
        value={String(here)}
        onChange={(event) => go(Number(event.currentTarget.value))}
      >
        {places.map(({ source, environment }, index) => (
          <option key={`${source}/${environment}`} value={String(index)}>
            {source} · {environment}
          </option>
        ))}
      </select>
      <nav aria-label="Screens" ref={strip}>
        {screens.map((screen) => (
          <Link
            key={screen}
            data-screen={screen}
            href={pathTo(place, screen)}
            aria-current={screen === location.screen ? "page" : undefined}
          >
            <Icon name={views[screen].icon} />
            {views[screen].title}
          </Link>
        ))}
      </nav>
      <div class="who">
        <p title={`Roles: ${session.roles.join(", ")}`}>
          {session.user} <span class="muted">{session.roles.join(" · ")}</span>
        </p>
        <ThemeButton />
        <button type="button" class="bare" aria-label="Keyboard shortcuts" onClick={onHelp}>
          <span class="key" aria-hidden="true">
            ?
          </span>
        </button>
      </div>
    </header>
  );
}

function ThemeButton() {
  const [theme, setTheme] = useState(readTheme);
  useEffect(() => applyTheme(theme), [theme]);
  return (
    <button
      type="button"
      class="bare"
      aria-label={`Colours: ${theme}`}
      title={`Colours: ${theme}`}
      onClick={() => setTheme(nextTheme(theme))}
    >
      <Icon name="theme" />
    </button>
  );
}

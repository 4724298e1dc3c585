import { useEffect, useState } from "preact/hooks";
import { base, type Place } from "./api.js";

/** In the order in which they are offered. */
export const screens = ["overview", "events", "names", "triggers", "runs", "users", "audit"] as const;
export type Screen = (typeof screens)[number];

/** Where the person is: `/<source>/<environment>/<screen>?…` below the base path. */
export interface Location {
  readonly place: Place | null;
  readonly screen: Screen;
  readonly query: URLSearchParams;
}

const changed = "bellwire:navigate";

function read(): Location {
  const { pathname, search } = window.location;
  const [source, environment, named] = pathname.slice(base.length).split("/").filter(Boolean).map(decode);
  return {
    place: source === undefined || environment === undefined ? null : { source, environment },
    screen: screens.find((screen) => screen === named) ?? "overview",
    query: new URLSearchParams(search),
  };
}

/** What somebody typed may be no encoding of anything. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function useLocation(): Location {
  const [location, setLocation] = useState(read);
  useEffect(() => {
    const update = () => setLocation(read());
    window.addEventListener("popstate", update);
    window.addEventListener(changed, update);
    return () => {
      window.removeEventListener("popstate", update);
      window.removeEventListener(changed, update);
    };
  }, []);
  return location;
}

export type QueryValues = Readonly<Record<string, string | null | undefined>>;

export function pathTo(place: Place, screen: Screen, values: QueryValues = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const path = [place.source, place.environment, screen].map(encodeURIComponent).join("/");
  const text = query.toString();
  return `${base}/${path}${text === "" ? "" : `?${text}`}`;
}

/** @param replace leaves no step to go back to, as for a choice among filters */
export function navigate(path: string, { replace = false } = {}): void {
  if (replace) window.history.replaceState(null, "", path);
  else window.history.pushState(null, "", path);
  window.dispatchEvent(new Event(changed));
}

/** The present address with some of its query changed; `null` takes a value out. */
export function withQuery({ place, screen, query }: Location, values: QueryValues): string {
  const all = Object.fromEntries(query);
  return place === null ? base : pathTo(place, screen, { ...all, ...values });
}

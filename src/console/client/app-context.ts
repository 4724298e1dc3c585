import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { ConsoleRole, SessionView } from "../protocol.js";
import type { Place } from "./api.js";
import type { Location } from "./location.js";

/** What every screen knows. */
export interface AppState {
  readonly session: SessionView;
  readonly place: Place;
  readonly location: Location;
  readonly can: (role: ConsoleRole) => boolean;
  /** Tells the person something in passing. */
  readonly notify: (message: string, kind?: "done" | "failed") => void;
}

export const AppContext = createContext<AppState | null>(null);

export function useApp(): AppState {
  const app = useContext(AppContext);
  if (app === null) throw new Error("outside of the app");
  return app;
}

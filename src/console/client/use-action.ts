import { useState } from "preact/hooks";
import { useApp } from "./app-context.js";

/** Runs a change once at a time, and says what came of it. */
export function useAction(): {
  readonly busy: boolean;
  readonly run: (change: () => Promise<string | undefined>) => Promise<boolean>;
} {
  const { notify } = useApp();
  const [busy, setBusy] = useState(false);
  const run = async (change: () => Promise<string | undefined>) => {
    setBusy(true);
    try {
      const said = await change();
      if (said !== undefined) notify(said);
      return true;
    } catch (error) {
      notify(error instanceof Error ? error.message : "It failed", "failed");
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, run };
}

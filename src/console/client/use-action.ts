import { useState } from "preact/hooks";
import { useApp } from "./app-context.js";

/**
 * Runs a change once at a time, and says what came of it.
 *
 * @param options.inDialog what fails is left to the dialog to tell, which covers everything else
 */
export function useAction({ inDialog = false } = {}): {
  readonly busy: boolean;
  readonly failure: Error | null;
  readonly run: (change: () => Promise<string | undefined>) => Promise<boolean>;
} {
  const { notify } = useApp();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Error | null>(null);
  const run = async (change: () => Promise<string | undefined>) => {
    setBusy(true);
    setFailure(null);
    try {
      const said = await change();
      if (said !== undefined) notify(said);
      return true;
    } catch (error) {
      const failed = error instanceof Error ? error : new Error("It failed");
      if (inDialog) setFailure(failed);
      else notify(failed.message, "failed");
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, run };
}

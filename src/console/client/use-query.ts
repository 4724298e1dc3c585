import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export interface Query<Data> {
  /** `null` until it has come; what was last read stays while it is read anew. */
  readonly data: Data | null;
  readonly error: Error | null;
  readonly reload: () => void;
}

interface Held<Data> {
  readonly key: string;
  readonly data: Data | null;
  readonly error: Error | null;
}

/** Reads something, and reads it anew when `key` changes; what a request for an earlier key answers is dropped. */
export function useQuery<Data>(key: string, load: (signal: AbortSignal) => Promise<Data>): Query<Data> {
  const [held, setHeld] = useState<Held<Data>>({ key, data: null, error: null });
  const [version, setVersion] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  // A new version is what asks for another reading.
  useEffect(() => {
    const abort = new AbortController();
    latest.current(abort.signal).then(
      (data) => !abort.signal.aborted && setHeld({ key, data, error: null }),
      (error: Error) =>
        !abort.signal.aborted && setHeld((before) => ({ key, data: before.key === key ? before.data : null, error })),
    );
    return () => abort.abort();
  }, [key, version]);
  const reload = useCallback(() => setVersion((before) => before + 1), []);
  const current = held.key === key;
  return { data: current ? held.data : null, error: current ? held.error : null, reload };
}

/** The value as it was when it last rested for `delayMs`. */
export function useSettled<Value>(value: Value, delayMs: number): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), delayMs);
    return () => clearTimeout(timer);
  }, [value, delayMs]);
  return settled;
}

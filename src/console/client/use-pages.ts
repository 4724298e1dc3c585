import { useCallback, useState } from "preact/hooks";
import { useQuery } from "./use-query.js";

export interface Pages<Item> {
  readonly items: readonly Item[] | null;
  readonly error: Error | null;
  readonly hasMore: boolean;
  readonly loadMore: () => void;
  readonly reload: () => void;
}

interface Part<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

interface Failure {
  readonly after: object;
  readonly error: Error;
}

interface Further<Item> extends Part<Item> {
  readonly after: object;
}

/** A list that is read a page at a time. */
export function usePages<Item>(
  key: string,
  load: (cursor: string | null, signal?: AbortSignal) => Promise<Part<Item>>,
): Pages<Item> {
  const first = useQuery(key, (signal) => load(null, signal));
  const [further, setFurther] = useState<Further<Item> | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const page = first.data;
  const rest = page !== null && further?.after === page ? further : null;
  const cursor = rest === null ? (page?.nextCursor ?? null) : rest.nextCursor;
  const loadMore = useCallback(() => {
    if (page === null || cursor === null) return;
    setFailure(null);
    load(cursor).then(
      ({ items, nextCursor }) => setFurther({ after: page, items: [...(rest?.items ?? []), ...items], nextCursor }),
      (error: Error) => setFailure({ after: page, error }),
    );
  }, [page, cursor, rest, load]);
  return {
    items: page === null ? null : [...page.items, ...(rest?.items ?? [])],
    error: first.error ?? (failure !== null && failure.after === page ? failure.error : null),
    hasMore: cursor !== null,
    loadMore,
    reload: first.reload,
  };
}

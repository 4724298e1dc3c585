import type { Pages } from "../use-pages.js";

/** Reads the next page of a list, where there is one. */
export function More({ of }: { readonly of: Pick<Pages<unknown>, "hasMore" | "loadMore"> }) {
  if (!of.hasMore) return null;
  return (
    <button type="button" class="more" onClick={of.loadMore}>
      More
    </button>
  );
}

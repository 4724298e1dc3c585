/** What a person looks for: events that meet at least one of these. */
export interface EventSearch {
  /** Of the messageIds of the source that start with it, `maxPrefixMatches` at most are considered, whichever the storage finds first. */
  readonly messageIdPrefix: string;
  readonly userId: string;
  readonly names: readonly { readonly type: string; readonly name: string }[];
}

/** A prefix that more events share finds no single one, and should not cost more. */
export const maxPrefixMatches = 1_000;

/** Where there is only one environment it may be left out. */
export interface InEnvironment {
  readonly environment?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Who changes a setting, for the people who later ask; kept with the time of the change. */
export interface ChangedBy {
  readonly by?: string | undefined;
}

/** How often an event name was received. */
export interface EventNameCount {
  readonly type: string;
  readonly name: string | null;
  readonly count: number;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
}

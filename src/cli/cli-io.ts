/** Everything a command touches of its process, so that it can be run in a test as well. */
export interface CliIo {
  /** To standard output: the answer. */
  readonly write: (text: string) => void;
  /** To standard error: progress, and what went wrong. */
  readonly writeError: (text: string) => void;
  /** Whether somebody watches standard error, and lines on it can be written over. */
  readonly isWatched: boolean;
  readonly color: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
  /** Of the package. */
  readonly version: string;
  /** Aborted by the first SIGINT. */
  readonly signal: AbortSignal;
}

/** What a process ends with. */
export const exitCodes = {
  ok: 0,
  /** The command did what it should, and the answer is a bad one: not kept, failed, refused, different. */
  bad: 1,
  /** The command was used wrongly, or its configuration is wrong. */
  usage: 2,
  /** Something that is needed failed, such as the storage. */
  failed: 3,
  /** Stopped by SIGINT. */
  aborted: 130,
} as const;

/** Something that the person at the keyboard can put right. */
export class UsageError extends Error {}

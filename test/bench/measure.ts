/** One way of doing the work of a bench. */
export interface BenchCase {
  readonly name: string;
  /** `floor`: what cannot be done without; `peer`: how others do it. */
  readonly role: "floor" | "us" | "peer";
  /**
   * Makes a round ready; its time does not count.
   * @returns the work of the round. What counts is the processor's time, which other processes do not add to; or, for work that is
   * not done in this process, the number that it answers with.
   */
  readonly prepare: () => Promise<() => Promise<number | void> | number | void>;
}

export interface Bench {
  readonly title: string;
  /** Operations in one round, by which its figure is divided. */
  readonly operations: number;
  /** @default "µs" */
  readonly unit?: string;
  readonly cases: readonly BenchCase[];
  /** What is to be reached: ours as a multiple of the floor, at most, and the peers' as multiples of ours, at least. */
  readonly goals?: { readonly floors?: number; readonly peers?: Readonly<Record<string, number>> };
  /** @default 11 */
  readonly rounds?: number;
  /** Rounds that are run and not counted, while the engine compiles and the storage fills to what it keeps. @default 5 */
  readonly warmUps?: number;
  /** Stops what was started for it. */
  readonly close?: () => unknown;
}

export interface Measurement {
  readonly name: string;
  readonly role: BenchCase["role"];
  /** Medians over the rounds. */
  readonly perOperation: number;
  /** As a multiple of the floor of the same round. */
  readonly floors: number;
  /** As a multiple of ours of the same round. */
  readonly ours: number;
  /** The smallest and the largest multiple of the floor. */
  readonly spread: readonly [least: number, most: number];
}

/** The cases take turns, so that whatever else the machine does falls on all of them alike. */
export async function measure({ cases, operations, rounds = 11, warmUps = 5 }: Bench): Promise<readonly Measurement[]> {
  const times = cases.map((): number[] => []);
  for (let round = -warmUps; round < rounds; round += 1) {
    for (let turn = 0; turn < cases.length; turn += 1) {
      const index = (turn + round + warmUps) % cases.length;
      const time = await timeOf(cases[index]!);
      if (round >= 0) times[index]!.push(time / operations);
    }
  }
  const [floor, us] = (["floor", "us"] as const).map((role) => times[cases.findIndex((each) => each.role === role)]!);
  return cases.map(({ name, role }, index) => {
    const ratios = times[index]!.map((time, round) => time / floor![round]!);
    return {
      name,
      role,
      perOperation: median(times[index]!),
      floors: median(ratios),
      ours: median(times[index]!.map((time, round) => time / us![round]!)),
      spread: [Math.min(...ratios), Math.max(...ratios)],
    };
  });
}

/** No collection is forced before: V8 throws compiled code away with it, and what is measured then is its compiler. */
async function timeOf({ prepare }: BenchCase): Promise<number> {
  const work = await prepare();
  const start = process.cpuUsage();
  const pending = work();
  const counted = pending instanceof Promise ? await pending : pending;
  const { user, system } = process.cpuUsage(start);
  return counted ?? user + system;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

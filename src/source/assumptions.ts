/** That a payload's recipients are known users, by the ids that it names them by. */
export interface Assumption {
  readonly confirm: () => void;
  readonly refute: () => void;
}

/** When a source makes the assumption rather than ask first; where it is right a payload costs a call less, else it costs more. */
export interface Assumptions {
  /** `null`: storage is to be asked first. */
  readonly make: () => Assumption | null;
}

/** Of so many payloads after a wrong one, one at most is wrong again, however many are handled at the same time. */
const payloadsAskedFor = 50;

export const noAssumptions: Assumptions = { make: () => null };

export function createAssumptions(): Assumptions {
  let left = 0;
  const refute = () => {
    left = payloadsAskedFor;
  };
  const trusted: Assumption = { confirm: () => undefined, refute };
  const trial: Assumption = {
    confirm: () => {
      left = 0;
    },
    refute,
  };
  return {
    make: () => {
      if (left === 0) return trusted;
      left -= 1;
      if (left > 0) return null;
      // Until it is known how this one ends, those that come meanwhile ask.
      left = payloadsAskedFor;
      return trial;
    },
  };
}

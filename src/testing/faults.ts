/** `"events.record"` of a storage, `"trigger"` of a runner: every method, one level down too. */
export type MethodOf<Port> = {
  [Key in keyof Port & string]-?: NonNullable<Port[Key]> extends (...parameters: never[]) => unknown
    ? Key
    : NonNullable<Port[Key]> extends object
      ? `${Key}.${Methods<NonNullable<Port[Key]>>}`
      : never;
}[keyof Port & string];

type Methods<Port> = {
  [Key in keyof Port & string]-?: NonNullable<Port[Key]> extends (...parameters: never[]) => unknown ? Key : never;
}[keyof Port & string];

export interface FailOnOptions {
  /** Which calls of the method, from 1. @default the first */
  readonly calls?: readonly number[] | "all";
  /** @default an `Error` that names the method */
  readonly error?: unknown;
  /**
   * `before`: nothing was done. `after`: it was done, and the answer was lost, as when a connection breaks.
   * @default "before"
   */
  readonly when?: "before" | "after";
}

/**
 * A storage or runner whose method fails: to see what the host's own code does then.
 * `failOn(memoryStorage(), "events.record")`, `failOn(runner, "trigger", { when: "after" })`
 */
export function failOn<Port extends object>(
  port: Port,
  method: MethodOf<Port>,
  { calls = [1], error = new Error(`${method} fails, as the test wants it`), when = "before" }: FailOnOptions = {},
): Port {
  let count = 0;
  return intercept(port, async (name, call) => {
    if (name !== method) return call();
    count += 1;
    const fails = calls === "all" || calls.includes(count);
    if (fails && when === "before") throw error;
    const answer = await call();
    if (fails) throw error;
    return answer;
  });
}

/**
 * A storage or runner whose process dies just after a call: it was done, its answer is never seen, and from then on every call
 * rejects with nothing done. What a crash leaves behind is in what was wrapped: go on with a source over that.
 *
 * @param call which call of the method, from 1
 */
export function crashAfter<Port extends object>(port: Port, method: MethodOf<Port>, call = 1): Port {
  let count = 0;
  let crashed = false;
  const dead = () => new Error(`crashed after ${method}, as the test wants it`);
  return intercept(port, async (name, proceed) => {
    if (crashed) throw dead();
    if (name === method) count += 1;
    if (name !== method || count !== call) return proceed();
    crashed = true;
    await proceed();
    throw dead();
  });
}

type Around = (method: string, call: () => unknown) => Promise<unknown>;

/** The same port, with every method wrapped, whatever it is made of. */
function intercept<Port extends object>(port: Port, around: Around, prefix = ""): Port {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof key === "symbol") return member;
      const name = prefix + key;
      if (typeof member === "function") {
        // Whether it is there and what it answers at once is not to be changed.
        if (key === "capabilitiesOf") return member.bind(target);
        return (...parameters: unknown[]) => around(name, () => Reflect.apply(member, target, parameters));
      }
      const isPort = prefix === "" && typeof member === "object" && member !== null && key !== "capabilities";
      return isPort ? intercept(member, around, `${name}.`) : member;
    },
  });
}

import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/core/clock.js";
import { type Duration, durationToMs } from "../../src/core/duration.js";
import { BellwireError } from "../../src/core/errors.js";
import { canonicalJson, isJsonObject, type JsonValue, withoutUnsafeKeys } from "../../src/core/json.js";
import { createLimiter } from "../../src/core/limiter.js";
import { safeLogger, silentLogger } from "../../src/core/logger.js";
import { createSafeEmitter } from "../../src/core/safe-emitter.js";
import { createStorageCall } from "../../src/source/storage-call.js";
import { manualClock } from "../../src/testing/manual-clock.js";

describe("durationToMs", () => {
  it.each<[Duration, number]>([
    [0, 0],
    [1500, 1500],
    ["250ms", 250],
    ["1.5s", 1500],
    ["15m", 900_000],
    ["24h", 86_400_000],
    ["30d", 2_592_000_000],
  ])("reads %s", (duration, expected) => {
    expect(durationToMs(duration, "deadline")).toBe(expected);
  });

  it.each(["", "5", "5 s", "-1s", "1w", "s", -1, Number.NaN, Number.POSITIVE_INFINITY])(
    "refuses %s and names the option",
    (duration) => {
      expect(() => durationToMs(duration as Duration, "deadline")).toThrow(/^deadline: /);
    },
  );
});

describe("BellwireError", () => {
  it("is recognised by its brand, not by its class, so that another copy of the library recognises it too", () => {
    const error = new BellwireError({ code: "OVERLOADED", message: "busy", retryable: true });
    const fromAnotherCopy = Object.assign(new Error("busy"), { [Symbol.for("bellwire.error")]: true });
    expect([error, fromAnotherCopy, new Error("busy"), null, "busy"].map(BellwireError.is)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(error).toMatchObject({ name: "BellwireError", code: "OVERLOADED", retryable: true, details: {} });
  });

  it("keeps the cause", () => {
    const cause = new Error("connection lost");
    expect(new BellwireError({ code: "STORAGE_FAILED", message: "failed", cause }).cause).toBe(cause);
  });
});

describe("canonicalJson", () => {
  it("is the same for equal values whatever the order of their keys", () => {
    expect(canonicalJson({ b: [1, { d: null, c: "x" }], a: true })).toBe('{"a":true,"b":[1,{"c":"x","d":null}]}');
  });

  it("tells objects from arrays and null", () => {
    expect([{}, [], null, "x"].map(isJsonObject)).toEqual([true, false, false, false]);
  });
});

describe("withoutUnsafeKeys", () => {
  it.each(['{"a":[1,{"b":null}],"c":"constructor"}', "[]", "7", "null", '[["__proto__"]]'])(
    "leaves %s as it is",
    (text) => {
      const value: JsonValue = JSON.parse(text);
      expect(withoutUnsafeKeys(value)).toBe(value);
    },
  );

  it("takes such keys out at every depth", () => {
    const text = '{"a":[{"__proto__":{"x":1},"b":2}],"constructor":1,"c":{"prototype":{}}}';
    expect(JSON.stringify(withoutUnsafeKeys(JSON.parse(text)))).toBe('{"a":[{"b":2}],"c":{}}');
  });
});

describe("createLimiter", () => {
  it("never lets more than the limit run, and lets all run in the end, in order", async () => {
    const limiter = createLimiter(3);
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const task = (index: number, done: () => void) =>
      limiter.enter({
        start() {
          running += 1;
          most = Math.max(most, running);
          order.push(index);
          setImmediate(() => {
            running -= 1;
            limiter.leave();
            done();
          });
        },
      });
    await Promise.all(Array.from({ length: 20 }, (_, index) => new Promise<void>((done) => task(index, done))));
    expect(most).toBe(3);
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it("hands a place on to who waits, and starts it where it was asked for, not where somebody left", async () => {
    const limiter = createLimiter(1);
    const asker = new AsyncLocalStorage<string>();
    const started: (string | undefined)[] = [];
    const task = { start: () => void started.push(asker.getStore()) };
    for (const name of ["first", "second", "third"]) asker.run(name, () => limiter.enter(task));
    expect(started).toEqual(["first"]);
    limiter.leave();
    // Nobody who comes just now slips in between.
    asker.run("late", () => limiter.enter(task));
    for (let left = 0; left < 3; left += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      limiter.leave();
    }
    expect(started).toEqual(["first", "second", "third", "late"]);
  });
});

describe("createSafeEmitter", () => {
  it("tells every listener, whatever the others throw or reject", async () => {
    const failures: unknown[] = [];
    const emitter = createSafeEmitter<{ tick: number }>((_, error) => failures.push(error));
    const heard: number[] = [];
    emitter.on("tick", () => {
      throw new Error("thrown");
    });
    emitter.on("tick", async () => Promise.reject(new Error("rejected")));
    emitter.on("tick", (tick) => heard.push(tick));
    emitter.emit("tick", 7);
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual([7]);
    expect(failures.map(String)).toEqual(["Error: thrown", "Error: rejected"]);
  });

  it("begins the query that a listener returns, where its library waits to be asked", async () => {
    const failures: unknown[] = [];
    const emitter = createSafeEmitter<{ tick: number }>((_, error) => failures.push(error));
    const query = {
      then: (_: unknown, reject: (error: Error) => void) => reject(new Error("no such table")),
    };
    emitter.on("tick", () => query);
    emitter.emit("tick", 7);
    await new Promise((resolve) => setImmediate(resolve));
    expect(failures.map(String)).toEqual(["Error: no such table"]);
  });

  it("stops telling a listener that was taken off", () => {
    const emitter = createSafeEmitter<{ tick: number }>(() => undefined);
    const listener = vi.fn();
    emitter.on("tick", listener);
    expect(emitter.hasListeners("tick")).toBe(true);
    emitter.off("tick", listener);
    emitter.emit("tick", 1);
    expect(listener).not.toHaveBeenCalled();
    expect(emitter.hasListeners("tick")).toBe(false);
  });
});

describe("createStorageCall", () => {
  const never = () => new Promise<never>(() => undefined);

  it("rejects and aborts what takes too long", async () => {
    const clock = manualClock();
    const signals: AbortSignal[] = [];
    const call = createStorageCall(clock, 1_000)("runs.claim", (signal) => {
      signals.push(signal);
      return never();
    });
    const rejected = expect(call).rejects.toMatchObject({
      code: "STORAGE_TIMEOUT",
      retryable: true,
      details: { operation: "runs.claim", timeoutMs: 1_000 },
    });
    await clock.advance("1.1s");
    await rejected;
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
  });

  it("lets pass what ends in time, with its value or its error", async () => {
    const call = createStorageCall(manualClock(), 1_000);
    await expect(call("events.get", async () => "value")).resolves.toBe("value");
    const own = new Error("own");
    await expect(call("events.get", () => Promise.reject(own))).rejects.toMatchObject({
      code: "STORAGE_FAILED",
      cause: own,
    });
    const throwsAtOnce = () => {
      throw new Error("at once");
    };
    await expect(call("events.get", throwsAtOnce)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
  });

  it("gives calls that start later their full time", async () => {
    const clock = manualClock();
    const call = createStorageCall(clock, 1_000);
    const first = call("events.get", never).catch(() => "first timed out");
    await clock.advance("0.9s");
    let second = "running";
    void call("events.get", never).catch(() => {
      second = "timed out";
    });
    await clock.advance("0.2s");
    expect(await first).toBe("first timed out");
    expect(second).toBe("running");
    await clock.advance("1s");
    expect(second).toBe("timed out");
  });

  it("needs one timer for calls that start close together, one after the other too, and keeps no other", async () => {
    let now = 0;
    const cancel = vi.fn();
    const schedule = vi.fn(() => cancel);
    const call = createStorageCall({ now: () => now, schedule }, 1_000);
    await Promise.all([call("events.get", async () => 1), call("events.get", async () => 2)]);
    await call("events.get", async () => 3);
    expect([schedule.mock.calls.length, cancel.mock.calls.length]).toEqual([1, 0]);
    now = 500;
    await call("events.get", async () => 4);
    expect([schedule.mock.calls.length, cancel.mock.calls.length]).toEqual([2, 1]);
  });

  it("aborts nothing when all has ended in time", async () => {
    const clock = manualClock();
    const signals: AbortSignal[] = [];
    await createStorageCall(clock, 1_000)("events.get", async (signal) => signals.push(signal));
    await clock.advance("2s");
    expect(signals.map((signal) => signal.aborted)).toEqual([false]);
  });
});

describe("the loggers and the machine's clock", () => {
  afterEach(() => vi.useRealTimers());

  it("a logger that rejects breaks nothing", async () => {
    const logger = safeLogger({ ...silentLogger, error: () => Promise.reject(new Error("disk full")) });
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    logger.error({}, "message");
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it("a throwing logger breaks nothing", () => {
    const failing = () => {
      throw new Error("disk full");
    };
    const logger = safeLogger({ ...silentLogger, error: failing });
    expect(() => logger.error({}, "message")).not.toThrow();
  });

  it("waits for what is longer than Node's timers are, too", () => {
    vi.useFakeTimers();
    const called = vi.fn();
    systemClock.schedule(called, Number.POSITIVE_INFINITY);
    vi.advanceTimersByTime(86_400_000);
    expect(called).not.toHaveBeenCalled();
  });

  it("calls back once and not after it was cancelled", () => {
    vi.useFakeTimers();
    const called = vi.fn();
    systemClock.schedule(called, 10);
    systemClock.schedule(called, 10)();
    vi.advanceTimersByTime(20);
    expect(called).toHaveBeenCalledTimes(1);
  });
});

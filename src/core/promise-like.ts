/** Whatever `await` takes for a promise, of another realm or library too. Throws what a getter throws. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** Nobody will await it; its rejection must not end the process. */
export function ignoreRejection(promise: PromiseLike<unknown>): void {
  try {
    Reflect.apply(Promise.prototype.then, promise, [undefined, () => undefined]);
  } catch {
    // It is a promise of a library, some of which begin their work only when they are asked for it.
  }
}

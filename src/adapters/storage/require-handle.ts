import { BellwireError } from "../../core/errors.js";

interface WantedHandle {
  readonly name: string;
  /** It has one of them. */
  readonly methods: readonly string[];
  readonly give: string;
}

/**
 * The handle that a host passes in, once it has one of the methods: without types anything may come.
 * @throws `CONFIG_INVALID`
 */
export function requireHandle<Handle extends object>(
  handle: Handle | undefined,
  { name, methods, give }: WantedHandle,
): Handle {
  const isHandle = (typeof handle === "object" && handle !== null) || typeof handle === "function";
  if (handle !== undefined && isHandle && methods.some((method) => method in handle)) return handle;
  const what = handle === undefined ? "is missing" : `is ${typeof handle === "string" ? "a text" : "something else"}`;
  throw new BellwireError({ code: "CONFIG_INVALID", message: `${name} ${what}. Give ${give}.` });
}

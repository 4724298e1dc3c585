/** A trigger as messages name it, whatever stands where its key should be. */
export function triggerName(key: unknown): string {
  return typeof key === "string" ? `Trigger ${JSON.stringify(key.slice(0, 256))}` : "A trigger";
}

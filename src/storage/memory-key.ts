/** An id within an environment, as one text: up to the first NUL stands the environment. */
export function keyIn(environment: string, id: string): string {
  return `${environment}\u0000${id}`;
}

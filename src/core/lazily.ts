/** What takes long to make, made when it is first asked for: whoever only imports the library does not wait for it. */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

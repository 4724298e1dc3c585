/** One step of a path. */
export type PathStep =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "all" }
  | { readonly kind: "slice"; readonly from: number | null; readonly to: number | null }
  /** Every member of that name at any depth. */
  | { readonly kind: "descend"; readonly name: string };

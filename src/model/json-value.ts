// JSON that is carried, not understood: what a foreign document holds beside what we read of it.
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

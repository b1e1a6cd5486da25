// What is not known.

/** A value that the source did not tell is null: unknown is never 0. */
export type Known<T> = T | null

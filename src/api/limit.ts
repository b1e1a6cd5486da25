// How many pieces an answer may have.

/** `limit=` of a query: whole and at least 1, at most `most`; what is no number is `usual`. A negative one is no limit to SQL. */
export const limitOf = (text: string | undefined, usual: number, most: number): number =>
  Math.min(most, Math.max(1, Math.trunc(Number(text) || usual)))

// The four kinds of worlds. Well-kept: the right answer is to change next to nothing.
export const MIXES = ['neglected', 'streaming', 'well-kept', 'regime-change'] as const
export type Mix = (typeof MIXES)[number]

export interface World {
  readonly mix: Mix
  readonly seed: number
}

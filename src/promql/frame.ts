// One evaluation: the times it is for, what it may use, and what it has to say besides the result.
import type { Labels } from '../model/series.ts'
import { QueryError } from './errors.ts'
import type { Notes } from './notes.ts'
import type { Pace } from './pausable.ts'

/** `steps` times from `start`, `step` milliseconds apart. */
export interface Grid {
  readonly start: number
  readonly step: number
  readonly steps: number
}

export const timeAt = (grid: Grid, i: number): number => grid.start + i * grid.step
export const lastTime = (grid: Grid): number => timeAt(grid, grid.steps - 1)

/** What the whole query was asked for; step 0 for an instant. */
export interface Query {
  readonly start: number
  readonly end: number
  readonly step: number
}

export interface Frame {
  readonly grid: Grid
  readonly query: Query
  readonly lookback: number | ((labels: Labels) => number)
  /** Step of subqueries that name none. */
  readonly subqueryStep: number
  readonly notes: Notes
  readonly budget: Budget
  /** Says when to pause; null: never. */
  readonly pace: Pace | null
  /** What leaves gave that were run ahead (leaf.ts knows what that is); null: none. */
  readonly ready: ReadonlyMap<object, unknown> | null
}

export const onGrid = (frame: Frame, grid: Grid): Frame => ({ ...frame, grid })

/** How many rows pass between looks at the clock. */
const ROWS_PER_LOOK = 32

/** Samples and time that one query may use. */
export class Budget {
  readonly #samples: number
  readonly #deadline: number
  readonly #timeout: number
  readonly #now: () => number
  #held = 0
  #rows = 0

  constructor(limits: { samples: number; timeout: number; now: () => number }) {
    this.#samples = limits.samples
    this.#timeout = limits.timeout
    this.#now = limits.now
    this.#deadline = limits.now() + limits.timeout
  }

  /** Samples held right now; a node that is done gives back what its operands held. */
  get held(): number {
    return this.#held
  }

  set held(samples: number) {
    this.#held = samples
  }

  take(samples: number): void {
    this.#held += samples
    if (this.#held > this.#samples)
      throw new QueryError(
        'limit',
        `query processing would load too many samples into memory in query execution: ${this.#held}, the limit is ${this.#samples}`,
      )
  }

  /** Called once per row of work. */
  turn(): void {
    this.#rows += 1
    if (this.#rows % ROWS_PER_LOOK === 0) this.look()
  }

  look(): void {
    if (this.#now() > this.#deadline)
      throw new QueryError('timeout', `query timed out in expression evaluation after ${this.#timeout} ms`)
  }
}

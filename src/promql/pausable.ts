// Work that can be paused: a large query gives way now and then, so that it delays nothing else.

/** Milliseconds that a query works before it gives way. */
export const SLICE = 5

/** Yields where it may be paused. */
export type Pausable<T> = Generator<void, T>

/** Runs to the end without a pause. */
export function finish<T>(work: Pausable<T>): T {
  for (;;) {
    const next = work.next()
    if (next.done === true) return next.value
  }
}

/** Says when it is time to give way. */
export class Pace {
  readonly now: () => number
  #resumed: number

  constructor(now: () => number) {
    this.now = now
    this.#resumed = now()
  }

  due(): boolean {
    return this.now() - this.#resumed >= SLICE
  }

  resumed(): void {
    this.#resumed = this.now()
  }
}

/** Runs to the end, giving way at each pause. */
export async function paced<T>(work: Pausable<T>, pace: Pace, yieldNow: () => Promise<void>): Promise<T> {
  for (;;) {
    const next = work.next()
    if (next.done === true) return next.value
    await yieldNow()
    pace.resumed()
  }
}
